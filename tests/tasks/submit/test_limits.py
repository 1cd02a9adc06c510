"""Length of texts: measured on what is sent to Discord, not on what came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway.discord.command_index import longest_known, save_index
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from tasks import ports
from tasks.enums import BotType, TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.pictures import inputs
from tasks.submit import commands, limits
from tasks.submit.extensions import submit_extension
from tasks.submit.row import Caller
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.pictures import bare, picture
from tests.tasks.parents import make_clip

IMAGINE = "/mj/submit/imagine"
OFFICIAL = "https://cdn.discordapp.com/attachments/1/2/" + "x" * 60


@pytest.fixture(autouse=True)
def _limits() -> Iterator[None]:
    before = ports.option_limit.register(longest_known)
    yield
    ports.option_limit.register(before)


def command(app: str, name: str, longest: Any) -> dict[str, Any]:
    options = [{"type": 3, "name": "prompt", "max_length": longest}, "odd", {}]
    facts = {"id": "1", "version": "2", "name": name, "type": 1}
    return facts | {"application_id": app, "options": options}


def refused(answer: Any) -> bool:
    body = answer.json()
    if body["code"] in (1, 22):
        return False
    assert body["code"] == 4
    assert body["description"].startswith("prompt过长")
    assert not Task.objects.filter(status=TaskStatus.NOT_START).exists()
    return True


@pytest.mark.parametrize("path", [IMAGINE, "/mj/submit/shorten"])
@pytest.mark.parametrize(("length", "too_long"), [(6000, False), (6001, True)])
def test_a_prompt_has_6000_characters_at_most(
    api: ApiClient, account: DiscordAccount, path: str, length: int, *, too_long: bool
) -> None:
    assert refused(api.send(path, {"prompt": "x" * length})) is too_long


@pytest.mark.parametrize(
    ("path", "length", "too_long"),
    [
        ("/mj-relax" + IMAGINE, 6000 - len(" --relax"), False),
        ("/mj-relax" + IMAGINE, 6001 - len(" --relax"), True),
    ],
)
def test_the_speed_that_is_added_counts(
    api: ApiClient, account: DiscordAccount, path: str, length: int, *, too_long: bool
) -> None:
    assert refused(api.send(path, {"prompt": "x" * length})) is too_long


def test_what_is_not_sent_does_not_count(
    api: ApiClient, account: DiscordAccount
) -> None:
    prompt = "x" * 2990 + " \n" * 500 + "x" * 2990

    assert not refused(api.send(IMAGINE, {"prompt": prompt}))


@pytest.mark.parametrize(("before", "too_long"), [(5800, False), (6000, True)])
def test_a_long_link_counts_as_that_at_discord(
    api: ApiClient,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    *,
    too_long: bool,
) -> None:
    monkeypatch.setattr(inputs, "check_link", lambda _: None)
    link = "https://store.example/a.png?signature=" + "s" * 1500

    answer = api.send(IMAGINE, {"prompt": "x" * before + f" {link}"})

    assert refused(answer) is too_long


@pytest.mark.parametrize(("length", "too_long"), [(5890, False), (5950, True)])
def test_a_brought_picture_has_a_link_too(
    api: ApiClient, account: DiscordAccount, length: int, *, too_long: bool
) -> None:
    body = {"prompt": "x" * length, "base64Array": [bare(picture())]}

    assert refused(api.send(IMAGINE, body)) is too_long


def test_an_official_link_counts_as_it_is(
    api: ApiClient, account: DiscordAccount
) -> None:
    body = {"prompt": "x" * 5898, "base64Array": [OFFICIAL]}

    assert len(OFFICIAL) > 100
    assert refused(api.send(IMAGINE, body))


def test_a_translation_is_measured(
    api: ApiClient, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "translate", lambda *_: "fox " * 1501)

    assert refused(api.send(IMAGINE, {"prompt": "狐" * 100}))


def test_a_limit_that_discord_names_counts(
    api: ApiClient, account: DiscordAccount
) -> None:
    save_index(
        account.pk,
        [command(MIDJOURNEY_APP, "imagine", 100), command(NIJI_APP, "imagine", 50)],
    )

    assert not refused(api.send(IMAGINE, {"prompt": "x" * 100}))
    Task.objects.all().delete()
    assert refused(api.send(IMAGINE, {"prompt": "x" * 101}))
    niji = {"prompt": "x" * 51, "botType": BotType.NIJI_JOURNEY}
    assert refused(api.send(IMAGINE, niji))


@pytest.mark.parametrize("odd", [None, "6000", -1, 0, True, 1.5, {}])
def test_a_limit_that_is_none_is_6000(account: DiscordAccount, odd: Any) -> None:
    save_index(account.pk, [command(MIDJOURNEY_APP, "imagine", odd)])

    assert longest_known(BotType.MID_JOURNEY, "imagine") == 6000


def test_the_newest_index_counts(account: DiscordAccount) -> None:
    for longest in (10, 20):
        save_index(make_account().pk, [command(MIDJOURNEY_APP, "imagine", longest)])

    assert longest_known(BotType.MID_JOURNEY, "imagine") == 20


def test_the_limit_is_read_once_for_many_submits(
    account: DiscordAccount, django_assert_num_queries: Any
) -> None:
    save_index(account.pk, [command(MIDJOURNEY_APP, "imagine", 20)])

    with django_assert_num_queries(1):
        found = [longest_known(BotType.MID_JOURNEY, "imagine") for _ in range(3)]

    assert found == [20, 20, 20]


# --- windows -------------------------------------------------------------------------


def waiting_window(alice: User, account: DiscordAccount, custom_id: str) -> Task:
    return make_task(
        alice,
        account=account,
        parent=make_finished(alice, account=account),
        status=TaskStatus.MODAL,
        window=WindowState.EXPECTED,
        action=TaskAction.ZOOM if "Zoom" in custom_id else TaskAction.VARIATION,
        custom_id=custom_id,
        prompt_en="offered",
    )


@pytest.mark.parametrize(
    ("custom_id", "length", "too_long"),
    [
        ("MJ::JOB::variation::1::5c0ffee0-1234-4abc-8def-0123456789ab", 4000, False),
        ("MJ::JOB::variation::1::5c0ffee0-1234-4abc-8def-0123456789ab", 4001, True),
        ("MJ::CustomZoom::5c0ffee0-1234-4abc-8def-0123456789ab", 3991, False),
        ("MJ::CustomZoom::5c0ffee0-1234-4abc-8def-0123456789ab", 3992, True),
    ],
)
def test_a_windows_text_has_4000_characters_at_most(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    custom_id: str,
    length: int,
    *,
    too_long: bool,
) -> None:
    task = waiting_window(alice, account, custom_id)

    answer = api.send(
        "/mj/submit/modal", {"taskId": str(task.pk), "prompt": "x" * length}
    )

    assert refused(answer) is too_long
    task.refresh_from_db()
    assert (task.status == TaskStatus.MODAL) is too_long


@pytest.mark.parametrize(("length", "too_long"), [(4000, False), (4001, True)])
def test_a_clips_prompt_has_4000_characters_at_most(
    alice: User, length: int, *, too_long: bool
) -> None:
    parent = make_clip(alice, make_account(mj_remix_on=True))

    def extend() -> None:
        submit_extension(
            caller=Caller(alice),
            task_id=parent.pk,
            prompt="x" * length,
            motion="low",
            index=1,
        )

    if too_long:
        with pytest.raises(limits.TooLong):
            extend()
    else:
        extend()
