"""Hosts outside that hang: they may hold up whoever asks for them, and nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from accounts.models import User
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http.resolver import Resolver
from mjproxy.lib.web import outside_hosts
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.pictures import cdn
from tests.conftest import ALICES_KEY, BOBS_KEY
from tests.factories import ban, make_task
from tests.http_server import always, never, serving
from tests.mjproxy.asgi_requests import Answer, application, ask
from tests.mjproxy.lib.safe_http.guarded_fetch import PNG
from tests.tasks.translator_servers import FOX, gpt

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("alice", "account"),
]

HANGING = 20  # calls at once, more than there are threads

Call = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture(autouse=True)
def _nothing_kept(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def bobs(bob: User) -> Task:
    return make_task(bob)


class Hanging:
    """Takes requests and answers none; counts those that have come."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.came.release()
        return await never(request)


@asynccontextmanager
async def held_requests(
    app: Any, call: Call, came: threading.Semaphore, most: int, calls: int = HANGING
) -> AsyncIterator[list[asyncio.Task[Answer]]]:
    """Make calls, and run the block as soon as so many of them have come through."""
    gone = asyncio.Event()
    tasks = [asyncio.create_task(call(app, n, gone=gone)) for n in range(calls)]
    try:
        for _ in range(most):
            assert await asyncio.to_thread(came.acquire, timeout=20)
        yield tasks
    finally:
        gone.set()
        await asyncio.gather(*tasks)


async def check_answers(app: Any, task: Task) -> None:
    """Fail unless bob's looks at his task are answered."""
    url = f"/mj/task/{task.pk}/fetch"
    answers = await asyncio.gather(*(ask(app, url, BOBS_KEY) for _ in range(16)))
    assert [answer.status for answer in answers] == [200] * 16


def check_nobody_else_waits(
    bobs: Task, call: Call, came: threading.Semaphore, most: int = 4
) -> None:
    async def check() -> None:
        async with application() as app, held_requests(app, call, came, most) as held:
            await check_answers(app, bobs)
            # They still hang, so he has not waited for them.
            assert sum(not task.done() for task in held) >= most

    asyncio.run(check())


# --- previews -------------------------------------------------------------------------


@pytest.fixture
def drawn(alice: User) -> list[Task]:
    """Alice's tasks that are being drawn, each with a preview."""
    return [
        make_task(
            alice,
            status=TaskStatus.IN_PROGRESS,
            progress=3,
            preview_source=f"https://cdn.discordapp.com/attachments/1/{n}/a.webp",
        )
        for n in range(60)
    ]


def image(task: Task) -> str:
    return f"/images/{task.pk}/{task.picture_key}-3.webp"


def test_a_hanging_cdn_holds_up_no_other_request(
    drawn: list[Task], bobs: Task, settings: Settings
) -> None:
    hang = Hanging()
    with serving(hang) as site:
        settings.DISCORD = settings.DISCORD | {"cdn": site.origin}

        check_nobody_else_waits(
            bobs, lambda app, n, **how: ask(app, image(drawn[n]), **how), hang.came
        )


def test_of_one_users_previews_a_share_is_fetched_and_more_are_refused_at_once(
    drawn: list[Task], settings: Settings
) -> None:
    hang = Hanging()
    with serving(hang) as site:
        settings.DISCORD = settings.DISCORD | {"cdn": site.origin}

        async def check() -> Answer:
            def call(app: Any, n: int, **how: Any) -> Coroutine[Any, Any, Answer]:
                return ask(app, image(drawn[n]), **how)

            many = cdn.EACH
            async with (
                application() as app,
                held_requests(app, call, hang.came, many, calls=many),
            ):
                return await ask(app, image(drawn[-1]))

        refused = asyncio.run(check())

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["access-control-allow-origin"] == "*"


def test_a_preview_is_fetched_in_the_loop_and_shown(
    drawn: list[Task], settings: Settings
) -> None:
    with serving(always(body=PNG, content_type="image/png")) as site:
        settings.DISCORD = settings.DISCORD | {"cdn": site.origin}

        async def check() -> list[Answer]:
            async with application() as app:
                return [await ask(app, image(drawn[0])) for _ in range(2)]

        answers = asyncio.run(check())

    assert [(each.status, each.body) for each in answers] == [(200, PNG)] * 2
    for answer in answers:
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-length"] == str(len(PNG))
        assert "sandbox" in answer.headers["content-security-policy"]
    assert len(site.calls) == 1


def test_what_nobody_foresaw_is_answered_500_and_told(
    drawn: list[Task], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def download(*_: Any, **__: Any) -> cdn.Picture:
        raise ZeroDivisionError

    monkeypatch.setattr(cdn, "download", download)

    async def check() -> Answer:
        async with application() as app:
            return await ask(app, image(drawn[0]))

    assert asyncio.run(check()).status == 500
    assert "ZeroDivisionError" in caplog.text


# --- prompts to be translated ---------------------------------------------------------


async def imagine(app: Any, n: int, prompt: str = FOX, **how: Any) -> Answer:
    body = {"prompt": f"{prompt} {n}"}
    return await ask(app, "/mj/submit/imagine", ALICES_KEY, body, **how)


def test_a_hanging_translator_holds_up_no_other_request(bobs: Task) -> None:
    hang = Hanging()
    with gpt(hang, translator_timeout=60):
        check_nobody_else_waits(bobs, imagine, hang.came)


def submitted(prompt: str) -> Answer:
    async def submit() -> Answer:
        async with application() as app:
            return await ask(app, "/mj/submit/imagine", ALICES_KEY, {"prompt": prompt})

    return asyncio.run(submit())


def test_a_prompt_is_translated_before_its_task_is_written() -> None:
    with gpt() as translator:
        answer = submitted(f"{FOX} --ar 3:2")

    assert (answer.status, answer.json["code"]) == (200, 1)
    task = Task.objects.get()
    assert str(task.pk) == answer.json["result"]
    assert (task.prompt, task.prompt_en) == (f"{FOX} --ar 3:2", "a red fox --ar 3:2")
    assert len(translator.calls) == 1


def test_a_banned_word_in_the_translation_is_told_in_the_answer() -> None:
    ban("fox")

    with gpt():
        answer = submitted(FOX)

    assert answer.json["code"] == 24
    assert answer.json["properties"]["promptEn"] == "a red fox"
    assert not Task.objects.exists()


def test_a_translator_that_fails_leaves_the_prompt() -> None:
    with gpt(always(500)) as translator:
        answer = submitted(FOX)

    assert answer.json["code"] == 1
    assert Task.objects.get().prompt_en == FOX
    assert len(translator.calls) == 1


def test_more_prompts_than_a_users_share_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outside_hosts, "_places", Places(in_all=9, each=3))
    hang = Hanging()

    async def check() -> Answer:
        async with (
            application() as app,
            held_requests(app, imagine, hang.came, 3, calls=3),
        ):
            return await imagine(app, 99)

    with gpt(hang, translator_timeout=60):
        refused = asyncio.run(check())

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert (refused.json["code"], refused.json["result"]) == (23, None)
    assert "Service Unavailable" not in caplog.text


# --- links ----------------------------------------------------------------------------


def test_a_dns_server_that_does_not_answer_holds_up_no_other_request(
    bobs: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, ended = threading.Event(), list[str]()

    def in_thread(*args: Any, **kwargs: Any) -> Any:
        goes_on.wait(30)
        ended.append("a look-up")
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    async def in_loop(*args: Any, **kwargs: Any) -> Any:
        await asyncio.to_thread(in_thread)

    monkeypatch.setattr(socket, "getaddrinfo", in_thread)
    monkeypatch.setattr(Resolver, "resolve", in_loop)
    came = threading.Semaphore(0)

    async def submit(app: Any, n: int, **how: Any) -> Answer:
        came.release()
        link = "https://pictures.slow.example/a.png"
        return await imagine(app, n, f"{link} a fox", **how)

    async def check() -> None:
        async with application() as app, held_requests(app, submit, came, HANGING):
            await check_answers(app, bobs)
            assert ended == []
            goes_on.set()

    asyncio.run(check())
