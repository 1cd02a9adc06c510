"""Pictures on their way to Discord: few at once, nobody waits for another's host."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from gateway.discord import uploads
from gateway.sending import brought_pictures, prepare
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http.resolver import Resolver
from tasks.enums import InputRole, TaskStatus
from tasks.models import InputPicture, Task
from tasks.pictures.inputs import Brought
from tasks.services import fail
from tests.factories import make_account
from tests.gateway.picture_tasks import LINK, given, prepared, waiting
from tests.gateway.rows import again
from tests.http_server import Server, serving
from tests.mjproxy.lib.safe_http.guarded_fetch import Answers
from tests.pictures import picture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_files", "http"),
]


def linked(alice: User, account: DiscordAccount, url: str) -> Task:
    return waiting(alice, account, Brought(InputRole.PROMPT, url=url))


def prepare_all(tasks: list[Task]) -> None:
    async def together() -> None:
        await asyncio.gather(*(prepare.prepare(task.pk) for task in tasks))

    event_loop.run(together())


def test_few_pictures_are_in_memory_at_once(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brought_pictures, "_uploads", Places(in_all=3, each=2))
    accounts = [account, *(make_account() for _ in range(3))]
    inside, full, too_many = Counter[str](), asyncio.Event(), asyncio.Event()

    async def link(_: Any, channel_id: str, name: str, *__: Any) -> str:
        inside[channel_id] += 1
        if inside.total() > 3 or inside[channel_id] > 2:
            too_many.set()
        if inside.total() == 3:
            with suppress(TimeoutError):  # a fourth would come within no time
                async with asyncio.timeout(0.5):
                    await too_many.wait()
            full.set()
        await full.wait()
        inside[channel_id] -= 1
        return LINK.format(name=name)

    monkeypatch.setattr(uploads, "link", link)
    tasks = [
        waiting(alice, each, given(InputRole.PROMPT))
        for each in accounts
        for _ in range(4)
    ]

    prepare_all(tasks)

    assert all(again(task).prepared for task in tasks)
    assert full.is_set()
    assert not too_many.is_set()


@pytest.mark.usefixtures("sent")
def test_a_host_that_hangs_holds_up_neither_other_hosts_nor_other_users(
    alice: User, bob: User, account: DiscordAccount, site: Server
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        asked.set()
        await left.wait()
        return web.Response(status=404)

    with serving(hang) as slow:
        origin = slow.origin.replace("127.0.0.1", "localhost")
        hung = [linked(alice, account, f"{origin}/{n}.png") for n in range(20)]
        bobs = linked(bob, account, f"{site.origin}/a.png")

        async def check() -> None:
            work = [asyncio.create_task(prepare.prepare(task.pk)) for task in hung]
            async with asyncio.timeout(20):
                await asked.wait()
                await prepare.prepare(bobs.pk)
            assert not any(each.done() for each in work)
            left.set()
            await asyncio.gather(*work)

        event_loop.run(check())

    assert again(bobs).prepared
    assert {again(task).status for task in hung} == {TaskStatus.FAILURE}


def test_what_was_fetched_is_not_fetched_again_after_a_failed_upload(
    alice: User, account: DiscordAccount, site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def link(*_: Any) -> str:
        raise uploads.UploadFailed("the upload was answered 500", status=500)

    monkeypatch.setattr(uploads, "link", link)
    task = linked(alice, account, f"{site.origin}/a.png")

    for _ in range(2):
        assert not prepared(task).prepared
        Task.objects.update(prepare_after=None)

    assert len(site.calls) == 1
    row = InputPicture.objects.get()
    assert (row.size, row.content_type) == (len(picture(colour="lime")), "image/png")


@pytest.mark.usefixtures("sent")
def test_a_task_that_ends_while_its_picture_is_fetched_leaves_no_file(
    alice: User, account: DiscordAccount, site: Server, settings: Settings
) -> None:
    task = linked(alice, account, f"{site.origin}/a.png")
    answer = site.handler
    assert answer

    async def end(request: web.Request) -> web.StreamResponse:
        await in_thread(fail, task.pk, "cancelled")
        return await answer(request)

    site.handler = end

    assert prepared(task).fail_reason == "cancelled"
    assert not [p for p in settings.MEDIA_ROOT.rglob("*") if p.is_file()]


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_to_a_private_address_ends_the_task_with_the_reason(
    alice: User,
    account: DiscordAccount,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False

    async def resolve(_: Any, host: str, *__: Any, **___: Any) -> Any:
        return await Answers(address).resolve(host)

    monkeypatch.setattr(Resolver, "resolve", resolve)
    task = linked(alice, account, "https://inside.example/x.png")

    task = prepared(task)

    assert task.status == TaskStatus.FAILURE
    assert task.fail_reason.startswith("链接错误: 不允许访问内网地址 / ")


def test_of_waiting_tasks_every_user_has_one_among_the_first(
    alice: User, bob: User, account: DiscordAccount
) -> None:
    alices = [waiting(alice, account, given(InputRole.PROMPT)) for _ in range(3)]
    bobs = waiting(bob, account, given(InputRole.PROMPT))

    assert prepare.unprepared() == [
        alices[0].pk,
        bobs.pk,
        *(task.pk for task in alices[1:]),
    ]


async def test_a_task_that_waits_for_its_turn_waits_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    async def in_turn(task_id: int) -> None:
        seen.append(task_id)
        await asyncio.sleep(0)

    monkeypatch.setattr(prepare, "_in_turn", in_turn)

    await asyncio.gather(*(prepare.prepare(7) for _ in range(3)))
    await prepare.prepare(7)

    assert seen == [7, 7]
