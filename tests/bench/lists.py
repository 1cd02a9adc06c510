"""Lists beside many tasks, on PostgreSQL: at the newest row and far back.

The first tasks are drawn; the others are copies of one of them, older and older, made
by one INSERT. As a program, in a product's environment: `python -m tests.bench.lists
1000000` makes the copies.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.bench import rates
from tests.bench.figures import percentiles
from tests.e2e.admin_session import AdminSession
from tests.e2e.harness import ROOT, Product, Simulator, specs
from tests.e2e.services import given_services

TASKS: Final = 1_000_000
DEPTH: Final = 100_000  # rows
ACCOUNTS: Final = 4
ROUNDS: Final = 20
RATE: Final = 5  # drawings a second beside the rows
ADMIN: Final = "/admin/tasks/task/"
RARE: Final = "quagmire"  # a word of one prompt in 7,000

# Columns that differ between the copies; `n` is the number of the copy.
_OWN: Final = {
    "id": "t.id - n::bigint * 60000 * 1000",
    "prompt": f"t.prompt || CASE WHEN n %% 7000 = 0 THEN ' {RARE}' ELSE '' END || n",
    "nonce": "NULL",
    "interaction_id": "NULL",
    "window_interaction_id": "NULL",
    "progress_message_id": "NULL",
    "message_id": "(1200000000000000000 + n)::text",
    "job_id": "md5(n::text)",
    "picture_key": "substr(md5('key' || n), 1, 24)",
    "submitted_at": "t.submitted_at - n * interval '1 minute'",
}


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return the milliseconds of each list; of none on another database."""
    services = given_services()
    if not services["DATABASE_URL"].startswith("postgres"):
        return {"left out": "needs DATABASE_URL of a PostgreSQL server"}
    folder.mkdir()
    sim = Simulator.start(
        *("--accounts", str(ACCOUNTS), "--speed", "10", "--picture-size", "64"),
        *("--knob", "concurrency=12", "--knob", "http_latency=0"),
        log=folder / "simulator.log",
    )
    try:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        product = Product.start(sim, folder / "data", **services, **settings)
        try:
            count = TASKS // 20 if quick else TASKS
            return _figures(sim, product, count, DEPTH * count // TASKS)
        finally:
            product.stop()
    finally:
        sim.stop()


def _figures(
    sim: Simulator, product: Product, count: int, depth: int
) -> dict[str, Any]:
    for spec in specs(ACCOUNTS):
        product.add_account(spec, coreSize=12)
    product.wait_accounts(ACCOUNTS)
    product.wait_all([product.imagine(f"a fox in snow {n}") for n in range(40)])
    report: dict[str, Any] = {"drawing beside none": _drawing(sim, product)}
    report["tasks"], report["seconds_to_make"] = count, _fill(product, count)
    report["lists"] = {
        name: _timed(call) for name, call in _calls(product, depth).items()
    }
    report["drawing beside all"] = _drawing(sim, product)
    return report


def _drawing(sim: Simulator, product: Product) -> dict[str, Any]:
    return asyncio.run(rates.measure(sim, product, rate=RATE, seconds=10))


def _calls(product: Product, depth: int) -> dict[str, Callable[[], object]]:
    admin = AdminSession(product)
    page = {"current": depth // 10, "pageSize": 10}
    [far] = product.api("POST", "/mj/admin/tasks", {"pagination": page})["list"][:1]
    newest = _ids_before(product, None)
    old = _ids_before(product, int(far["id"]))

    def table(**body: Any) -> Callable[[], object]:
        return lambda: product.api("POST", "/mj/admin/tasks", body)

    def ids(chosen: list[str]) -> Callable[[], object]:
        path = "/mj/task/list-by-condition"
        return lambda: product.api("POST", path, {"ids": chosen})

    def read(query: str) -> Callable[[], object]:
        return lambda: admin.page(f"{ADMIN}{query}")

    begin = f"before={far['id']}"
    return {
        "task list": lambda: product.api("GET", "/mj/task/list"),
        "admin table": table(pagination={"current": 1}),
        "admin table, far": table(pagination=page),
        "admin table, words": table(search={"description": RARE}),
        "admin list": read(""),
        "admin list, far": read(f"?{begin}"),
        "admin list, words": read(f"?q={RARE}"),
        "admin list, words, far": read(f"?q={RARE}&{begin}"),
        "admin list, status, far": read(f"?status__exact=SUCCESS&{begin}"),
        "admin list, rare status": read("?status__exact=FAILURE"),
        "admin list, account": read("?account__id__exact=1"),
        "1,000 ids": ids(newest),
        "1,000 ids, far": ids(old),
    }


def _ids_before(product: Product, task_id: int | None) -> list[str]:
    """Return 1,000 ids: the newest, or those below an id."""
    code = (
        "from tasks.models import Task\n"
        f"rows = Task.objects.filter(pk__lte={task_id or (1 << 62)}).order_by('-pk')\n"
        "print(*rows.values_list('pk', flat=True)[:1000])\n"
    )
    return _run(product, "manage.py", "shell", "--verbosity", "0", "-c", code).split()


def _timed(call: Callable[[], object]) -> dict[str, Any]:
    call()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return percentiles(taken)


def _fill(product: Product, count: int) -> float:
    began = time.monotonic()
    _run(product, "-m", "tests.bench.lists", str(count))
    return round(time.monotonic() - began, 1)


def _run(product: Product, *words: str) -> str:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=1800,
    ).stdout


def fill(count: int) -> None:
    """Copy the newest finished task `count` times."""
    from django.db import connection

    from tasks.models import Task

    task = Task.objects.filter(status="SUCCESS").order_by("-pk").first()
    assert task is not None
    columns = [field.column for field in Task._meta.concrete_fields]
    values = [_OWN.get(name, f't."{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO tasks_task ({names}) SELECT {', '.join(values)} "  # noqa: S608
            "FROM tasks_task t, generate_series(1, %s) n WHERE t.id = %s",
            [count, task.pk],
        )
        cursor.execute("VACUUM ANALYZE tasks_task")


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
    django.setup()
    fill(int(sys.argv[1]))
