"""Time of the choice of an account, in a pool of a thousand.

Also a program: `python -m tests.bench.account_choice` prints its figures as JSON,
on SQLite or on the database of DATABASE_URL, in which it makes a temporary database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.bench.figures import percentiles

ACCOUNTS: Final = 1000
OPEN: Final = 3000
FINISHED: Final = 20_000
ROUNDS: Final = 300


def measure() -> dict[str, Any]:
    """Return the milliseconds of a choice by each rule, measured in a new process."""
    command = [sys.executable, "-m", "tests.bench.account_choice"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, Any] = json.loads(said)
    return figures


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        print(json.dumps(_figures(), indent=2))  # noqa: T201
    finally:
        teardown_databases(made, verbosity=0)


def _figures() -> dict[str, Any]:
    from accounts.enums import ChoiceRule
    from accounts.models import PoolSettings
    from tasks.enums import BotType, TaskAction
    from tasks.submit.account import Wanted, choose

    _fill()
    settings = PoolSettings.get_solo()
    wishes = {
        "any": Wanted(),
        "speeds": Wanted(modes=("FAST", "RELAX"), remix=False),
    }
    figures: dict[str, Any] = {}
    for rule in ChoiceRule.values:
        settings.rule = rule
        settings.save()
        for name, wanted in wishes.items():
            figures[f"{rule} {name}"] = _timed(
                partial(choose, TaskAction.IMAGINE, BotType.MID_JOURNEY, wanted, "fox")
            )
    return figures


def _timed(call: Callable[[], object]) -> dict[str, Any]:
    call()  # its query is built once
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return percentiles(taken)


def _fill() -> None:
    """Write a pool under load, and some of what it has drawn before."""
    from django.db import connection

    from accounts.models import DiscordAccount
    from tasks.enums import RUNNING, TaskAction, TaskStatus
    from tasks.models import Task
    from tests.factories import make_account, make_user

    owner = make_user("gallery")
    for _ in range(ACCOUNTS):
        make_account()
    pool = list(DiscordAccount.objects.only("pk"))

    def write(count: int, *statuses: str) -> None:
        rows = (
            Task(
                owner=owner,
                account=pool[number % ACCOUNTS],
                action=TaskAction.IMAGINE,
                status=statuses[number * len(statuses) // count],
                prompt="a red fox",
            )
            for number in range(count)
        )
        Task.objects.bulk_create(rows, batch_size=500)

    write(FINISHED, TaskStatus.SUCCESS)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # as it does by itself in time
            cursor.execute("VACUUM ANALYZE")
    write(OPEN, TaskStatus.NOT_START, *sorted(RUNNING))


if __name__ == "__main__":
    main()
