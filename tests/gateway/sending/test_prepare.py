from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.discord import uploads
from gateway.discord.uploads import UploadFailed
from gateway.sending import dispatch, prepare
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.models import InputPicture, Task
from tasks.pictures.inputs import Brought
from tasks.services import reassign, release
from tests.factories import make_account
from tests.gateway.fakes import FakeHttp
from tests.gateway.picture_tasks import LINK, given, prepared, waiting
from tests.gateway.rows import again, make_index, make_session
from tests.http_server import Server
from tests.pictures import picture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_files"),
]


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
    assert prepare.unprepared() == [task.pk]


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


# --- failures ------------------------------------------------------------------------


def fail_uploads(monkeypatch: pytest.MonkeyPatch, error: UploadFailed) -> None:
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
    fail_uploads(monkeypatch, UploadFailed("the upload was answered 500", status=500))
    task = waiting(alice, account, given(InputRole.PROMPT))

    task = prepared(task)

    assert (task.status, task.prepare_tries) == (TaskStatus.NOT_START, 1)
    assert prepare.unprepared() == []


@pytest.mark.parametrize(
    ("tries", "permanent"), [(prepare.MOST_TRIES, False), (0, True)]
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
    fail_uploads(
        monkeypatch, UploadFailed("Discord 413", permanent=permanent, status=413)
    )
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
    fail_uploads(monkeypatch, UploadFailed("Discord 401", status=401))
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

    first, second = prepare.take(task.pk), prepare.take(task.pk)

    assert first is not None
    assert second is None


def test_a_claim_dies_with_its_worker(
    alice: User, account: DiscordAccount, http: FakeHttp, sent: list[Any]
) -> None:
    task = waiting(alice, account, given(InputRole.PROMPT))
    prepare.take(task.pk)
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
    work = prepare.take(task.pk)
    assert work is not None
    reassign(again(task), make_account())

    prepare._ready(work)

    assert not again(task).prepared
