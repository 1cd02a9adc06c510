"""Links that a task brings along: what is fetched, how often, and what ends it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from gateway.sending import prepare
from mjproxy.lib.safe_http.resolver import Resolver
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.models import Task
from tasks.pictures import inputs, store
from tasks.pictures.inputs import Brought
from tasks.pictures.own_links import Viewer
from tests.factories import make_finished
from tests.gateway.picture_tasks import given, prepared, waiting
from tests.gateway.rows import make_waiting
from tests.http_server import Server
from tests.pictures import phone, picture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_files", "http"),
]


@pytest.fixture(autouse=True)
def _nobody_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(Resolver, "resolve", unknown)


@pytest.mark.parametrize(
    "path",
    [
        "/page",
        "/liar.png",
        "/cut.jpg",
        "/bomb.png",
        "/away",
        "/status/404",
        "/status/410",
        "/status/403",
        "/status/400",
    ],
)
def test_a_link_to_no_picture_ends_the_task_after_one_look(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    path: str,
) -> None:
    url = f"{site.origin}{path}"
    task = waiting(alice, account, Brought(InputRole.LINK, url=url))

    task = prepared(task)

    assert task.status == TaskStatus.FAILURE
    assert "链接" in task.fail_reason
    assert len(site.calls) == 1
    assert sent == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_link_that_may_work_later_is_tried_a_few_times(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    status: int,
) -> None:
    url = f"{site.origin}/status/{status}"
    task = waiting(alice, account, Brought(InputRole.LINK, url=url))
    pauses = []

    while (task := prepared(task)).status == TaskStatus.NOT_START:
        assert task.prepare_after
        pauses.append((task.prepare_after - timezone.now()).total_seconds())
        Task.objects.update(prepare_after=None)

    assert task.status == TaskStatus.FAILURE
    assert f"HTTP {status}" in task.fail_reason
    assert len(site.calls) == len(pauses) + 1 == prepare.MOST_TRIES + 1
    assert pauses == sorted(pauses)


def test_what_a_phone_has_made_is_uploaded_as_the_jpeg_it_is(
    alice: User, account: DiscordAccount, sent: list[Any], site: Server
) -> None:
    task = waiting(
        alice, account, Brought(InputRole.PROMPT, url=f"{site.origin}/phone")
    )

    task = prepared(task)

    assert sent == [("link", f"{task.pk}-0.jpg", phone())]
    assert task.inputs.get().content_type == "image/jpeg"


def test_a_blend_gets_files_also_from_discords_own_links(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    settings: Settings,
) -> None:
    settings.DISCORD = settings.DISCORD | {"cdn": site.origin}
    official = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=%2F"
    task = make_waiting(alice, account, "", prepared=False, action=TaskAction.BLEND)
    brought = [inputs.read(official, InputRole.COMMAND), given(InputRole.COMMAND, 1)]
    inputs.write_rows(inputs.write_files(brought), task=task)

    task = prepared(task)

    assert [way for way, _, _ in sent] == ["attach", "attach"]
    assert site.calls[0].target == "/attachments/1/2/a.png?ex=%2F"
    assert all(row.upload_name for row in task.inputs.all())


def test_a_link_that_has_become_private_is_not_fetched(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    settings: Settings,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    task = waiting(alice, account, Brought(InputRole.LINK, url=f"{site.origin}/a.png"))

    assert prepared(task).status == TaskStatus.FAILURE
    assert site.calls == []


@pytest.mark.parametrize("kept", [True, False])
def test_a_picture_of_ours_is_not_fetched_from_ourselves(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    settings: Settings,
    kept: bool,
) -> None:
    settings.DISCORD = settings.DISCORD | {"cdn": site.origin}
    own = make_finished(alice, picture_source="https://cdn.discordapp.com/a.png?ex=%2F")
    url = f"http://10.0.0.9/images/{own.pk}/{own.picture_key}.png"
    brought = inputs.read(url, InputRole.LINK, viewer=Viewer(alice))
    if kept:  # meanwhile
        store.store(own, "image/png", picture(colour="red"))
    task = waiting(alice, account, brought)
    Task.objects.filter(pk=task.pk).update(prompt_en=f"{url} a fox")

    task = prepared(task)

    assert "10.0.0.9" not in task.prompt_en
    assert [call.target for call in site.calls] == ([] if kept else ["/a.png?ex=%2F"])
    assert sent[0][2] == picture(colour="red" if kept else "lime")


def test_a_users_link_is_not_asked_past_the_guard(
    alice: User,
    account: DiscordAccount,
    sent: list[Any],
    site: Server,
    settings: Settings,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    settings.DISCORD = settings.DISCORD | {"cdn": site.origin}
    task = waiting(alice, account, Brought(InputRole.LINK, url=f"{site.origin}/a.png"))

    assert prepared(task).status == TaskStatus.FAILURE
    assert site.calls == []
