from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway import dispatch, preparing, uploads
from gateway.uploads import UploadFailed
from tasks import bridge, inputs
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.inputs import Brought
from tasks.models import InputPicture, Task
from tasks.services import reassign, release
from tests.factories import make_account
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again, make_index, make_session, make_waiting
from tests.pictures import bare, bomb, phone, picture
from tests.tasks.servers import Server, serving

pytestmark = pytest.mark.django_db(transaction=True)

LINK = "https://cdn.discordapp.com/attachments/1/2/{name}"


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes]]:
    """What was uploaded: the way, the name, the bytes."""
    found: list[tuple[str, str, bytes]] = []

    async def attach(_: Any, __: str, name: str, body: bytes, ___: str) -> str:
        found.append(("attach", name, body))
        return f"folder/{name}"

    async def link(_: Any, __: str, name: str, body: bytes, ___: str) -> str:
        found.append(("link", name, body))
        return LINK.format(name=name)

    monkeypatch.setattr(uploads, "attach", attach)
    monkeypatch.setattr(uploads, "link", link)
    return found


@pytest.fixture
def site() -> Iterator[Server]:
    with serving(_picture) as server:
        yield server


async def _picture(request: web.Request) -> web.Response:
    if request.path == "/page":
        return web.Response(text="<html>", content_type="text/html")
    if request.path == "/liar.png":
        return web.Response(body=b"no picture", content_type="image/png")
    if request.path == "/cut.jpg":
        body = picture((99, 99), kind="JPEG")
        return web.Response(body=body[:500], content_type="image/jpeg")
    if request.path == "/bomb.png":
        return web.Response(body=bomb(), content_type="image/png")
    if request.path == "/phone":
        return web.Response(body=phone(), content_type="application/octet-stream")
    if request.path == "/away":
        raise web.HTTPFound("http://nowhere.invalid/x.png")
    if request.path.startswith("/status/"):
        return web.Response(status=int(request.path[8:]))
    return web.Response(body=picture(colour="lime"), content_type="image/png")


def waiting(alice: User, account: DiscordAccount, *brought: Brought) -> Task:
    task = make_waiting(alice, account, "two foxes", prepared=False)
    inputs.write_rows(inputs.write_files(brought), task=task)
    return task


def given(role: InputRole, position: int = 0, colour: str = "red") -> Brought:
    return inputs.read(bare(picture(colour=colour)), role, position)


def prepared(task: Task) -> Task:
    bridge.run(preparing.prepare(task.pk))
    return again(task)


def test_pictures_become_links_before_the_prompt_in_their_order(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(
        alice,
        account,
        given(InputRole.PROMPT, 1, "blue"),
        given(InputRole.PROMPT, 0, "red"),
    )

    task = prepared(task)

    links = [LINK.format(name=f"{task.pk}-{n}.png") for n in (0, 1)]
    assert task.prepared
    assert task.prompt_en == f"{links[0]} {links[1]} two foxes"
    assert task.description == f"/imagine {task.prompt}"
    assert [body for _, _, body in sent] == [picture(), picture(colour="blue")]


def test_an_unprepared_task_is_not_sent(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    make_session(account)
    make_index(account)
    task = waiting(alice, account, given(InputRole.PROMPT))

    dispatch.run_lane(account.pk)

    assert http.bodies == []
    assert preparing.unprepared() == [task.pk]


def test_a_foreign_link_is_copied_to_discord_where_it_stands(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any], site: Server
) -> None:
    url = f"{site.origin}/a.png"
    task = waiting(alice, account, Brought(InputRole.LINK, url=url))
    Task.objects.update(prompt_en=f"<{url}> a fox --ar 1:1", prompt=f"<{url}> 狐狸")

    task = prepared(task)

    link = LINK.format(name=f"{task.pk}-0.png")
    assert task.prompt_en == f"<{link}> a fox --ar 1:1"
    assert task.prompt == f"<{link}> 狐狸"
    assert sent == [("link", f"{task.pk}-0.png", picture(colour="lime"))]


def test_a_foreign_link_in_a_prompt_to_be_shortened_is_copied_too(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any], site: Server
) -> None:
    url = f"{site.origin}/a.png"
    task = waiting(alice, account, Brought(InputRole.LINK, url=url))
    Task.objects.update(
        action=TaskAction.SHORTEN,
        prompt=f"{url} 狐狸",
        prompt_en=f"{url} a fox",
        echo_key="shorten/1",
    )

    task = prepared(task)

    link = LINK.format(name=f"{task.pk}-0.png")
    assert task.prepared
    assert (task.prompt, task.prompt_en) == (f"{link} 狐狸", f"{link} a fox")
    assert task.description == f"/shorten {link} 狐狸"
    assert task.echo_key == "shorten/1"


def test_a_last_frame_follows_the_prompt(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.END_FRAME))

    task = prepared(task)

    assert task.prompt_en == f"two foxes --end {LINK.format(name=f'{task.pk}-0.png')}"


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
    http: FakeHttp,
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
    http: FakeHttp,
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
    assert len(site.calls) == len(pauses) + 1 == len(preparing.TRY_AGAIN) + 1
    assert pauses == sorted(pauses)


def test_what_a_phone_has_made_is_uploaded_as_the_jpeg_it_is(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any], site: Server
) -> None:
    task = waiting(
        alice, account, Brought(InputRole.PROMPT, url=f"{site.origin}/phone")
    )

    task = prepared(task)

    assert sent == [("link", f"{task.pk}-0.jpg", phone())]
    assert task.inputs.get().content_type == "image/jpeg"


def test_what_nobody_has_foreseen_is_tried_a_few_times_and_told(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    site: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(body: bytes) -> None:
        raise KeyError("MPO")

    monkeypatch.setattr(inputs, "measure", broken)
    url = f"{site.origin}/a.png"
    task = waiting(alice, account, Brought(InputRole.LINK, url=url))

    while (task := prepared(task)).status == TaskStatus.NOT_START:
        Task.objects.update(prepare_after=None)

    assert task.status == TaskStatus.FAILURE
    assert "KeyError" in task.fail_reason
    assert len(site.calls) == len(preparing.TRY_AGAIN) + 1
    assert caplog.text.count("Traceback") == len(site.calls)


def test_a_blend_gets_files_also_from_discords_own_links(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
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
    http: FakeHttp,
    sent: list[Any],
    site: Server,
    settings: Settings,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    task = waiting(alice, account, Brought(InputRole.LINK, url=f"{site.origin}/a.png"))

    assert prepared(task).status == TaskStatus.FAILURE
    assert site.calls == []


# --- failures ------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, error: UploadFailed) -> None:
    async def attach(*_: Any) -> str:
        raise error

    monkeypatch.setattr(uploads, "attach", attach)
    monkeypatch.setattr(uploads, "link", attach)


def test_a_failed_upload_is_tried_again_later(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, UploadFailed("the upload was answered 500", status=500))
    task = waiting(alice, account, given(InputRole.PROMPT))

    task = prepared(task)

    assert (task.status, task.prepare_tries) == (TaskStatus.NOT_START, 1)
    assert preparing.unprepared() == []


@pytest.mark.parametrize(
    ("tries", "permanent"), [(preparing.MOST_TRIES, False), (0, True)]
)
def test_an_upload_that_is_hopeless_ends_the_task(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    tries: int,
    *,
    permanent: bool,
) -> None:
    failing(monkeypatch, UploadFailed("Discord 413", permanent=permanent, status=413))
    task = waiting(alice, account, given(InputRole.PROMPT))
    Task.objects.update(prepare_tries=tries)

    task = prepared(task)

    assert task.status == TaskStatus.FAILURE
    assert "上传图片到discord失败" in task.fail_reason


def test_a_refused_token_switches_the_account_off_and_keeps_the_task(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, UploadFailed("Discord 401", status=401))
    task = waiting(alice, account, given(InputRole.PROMPT))

    task = prepared(task)

    account.refresh_from_db()
    assert account.state == AccountState.INVALID_TOKEN
    assert task.status == TaskStatus.NOT_START


def test_a_picture_that_is_gone_from_the_disk_ends_the_task(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.PROMPT))
    InputPicture.objects.update(file=".inputs/2026-01-01/gone.png")

    assert prepared(task).status == TaskStatus.FAILURE


# --- claims --------------------------------------------------------------------------


def test_of_two_workers_one_uploads(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.PROMPT))

    first, second = preparing.claim(task.pk), preparing.claim(task.pk)

    assert first is not None
    assert second is None


def test_a_claim_dies_with_its_worker(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.PROMPT))
    preparing.claim(task.pk)
    Task.objects.update(prepare_after=timezone.now() - timedelta(seconds=1))

    assert prepared(task).prepared


def test_what_is_up_already_is_not_uploaded_again(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(
        alice, account, given(InputRole.PROMPT, 0), given(InputRole.PROMPT, 1)
    )
    InputPicture.objects.filter(position=0).update(link="https://mj.run/up")

    task = prepared(task)

    assert task.prompt_en.startswith("https://mj.run/up https://cdn.")
    assert len(sent) == 1


@pytest.mark.parametrize(
    "fields",
    [{"status": TaskStatus.FAILURE}, {"prepared": True}, {"account": None}],
)
def test_nothing_is_uploaded_for_others(
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    sent: list[Any],
    fields: dict[str, Any],
) -> None:
    task = waiting(alice, account, given(InputRole.PROMPT))
    Task.objects.update(**fields)

    prepared(task)

    assert sent == []


# --- uploads of a command belong to one account and one attempt ---------------------


def blend(alice: User, account: DiscordAccount) -> Task:
    task = waiting(
        alice, account, given(InputRole.COMMAND, 0), given(InputRole.COMMAND, 1)
    )
    Task.objects.filter(pk=task.pk).update(
        action=TaskAction.BLEND, prompt_en="--ar 1:1"
    )
    return prepared(task)


def test_a_released_command_uploads_anew(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = blend(alice, account)
    Task.objects.filter(pk=task.pk).update(status=TaskStatus.SUBMITTED, nonce="7")

    release(task.pk, nonce="7")

    assert not again(task).prepared
    assert prepared(task).prepared
    assert len(sent) == 4


def test_another_account_uploads_anew(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = blend(alice, account)

    reassign(task, make_account())

    assert not again(task).prepared
    assert set(task.inputs.values_list("upload_name", flat=True)) == {""}


def test_a_move_in_the_middle_of_an_upload_wins(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.COMMAND))
    work = preparing.claim(task.pk)
    assert work is not None
    reassign(again(task), make_account())

    preparing._ready(work)

    assert not again(task).prepared
