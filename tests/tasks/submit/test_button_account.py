"""A button of a lost account is pressed by an account that works in its channel."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, SubChannel, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.exceptions import NoAccount
from tasks.models import Task
from tasks.submit.button_account import owner_or_host
from tasks.submit.buttons import submit_button, submit_change
from tasks.submit.errands import submit_press, submit_seed
from tasks.submit.row import Caller
from tasks.submit.windows import submit_window
from tasks.wire import task_json
from tests.factories import make_account, make_finished
from tests.tasks.parents import BOOKMARK, LARGER, ZOOM, make_single

pytestmark = pytest.mark.usefixtures("names", "media")
GUILD, CHANNEL = "1201000000000000001", "1201000000000000002"


def make_gone(**fields: Any) -> DiscordAccount:
    return make_account(
        guild_id=GUILD, channel_id=CHANNEL, state=AccountState.INVALID_TOKEN, **fields
    )


def make_host(**fields: Any) -> DiscordAccount:
    """Return an account whose sub-channel is the channel of `make_gone`."""
    host = make_account(**fields)
    SubChannel.objects.create(account=host, guild_id=GUILD, channel_id=CHANNEL)
    return host


@pytest.fixture
def gone(db: None) -> DiscordAccount:
    return make_gone()


@pytest.fixture
def drawn(alice: User, gone: DiscordAccount) -> Task:
    """A picture of the account that is gone, in its channel."""
    return make_single(alice, gone, guild_id=GUILD, channel_id=CHANNEL)


def press(parent: Task, custom_id: str = LARGER) -> Task:
    caller = Caller(parent.owner)
    return submit_button(caller=caller, task_id=parent.pk, custom_id=custom_id).task


def test_a_host_presses_in_the_old_channel(drawn: Task) -> None:
    host = make_host()

    child = press(drawn)

    assert child.account == host
    assert (child.guild_id, child.channel_id) == (GUILD, CHANNEL)
    shown = task_json(child)
    assert shown["instanceId"] == host.channel_id
    assert shown["properties"]["discordInstanceId"] == host.channel_id
    assert shown["subInstanceId"] == CHANNEL


def test_in_its_own_channel_there_is_no_sub_instance(
    alice: User, account: DiscordAccount
) -> None:
    task = make_finished(alice, account=account, channel_id=account.channel_id)

    assert task_json(task)["subInstanceId"] is None


def test_who_is_alive_presses_himself(alice: User) -> None:
    owner = make_account(guild_id=GUILD, channel_id=CHANNEL)
    make_host()
    drawn = make_single(alice, owner, guild_id=GUILD, channel_id=CHANNEL)

    assert press(drawn).account == owner


def test_what_a_host_drew_is_pressed_by_the_host(drawn: Task) -> None:
    host = make_host()
    child = press(drawn)
    Task.objects.filter(pk=child.pk).update(
        status=TaskStatus.SUCCESS, message_id="77", buttons=drawn.buttons
    )

    grandchild = press(child)

    assert grandchild.account == host
    assert grandchild.channel_id == CHANNEL


def test_another_whose_main_channel_it_is_is_a_host_too(alice: User) -> None:
    gone = make_account(state=AccountState.DISABLED, enabled=False)
    host = make_account(guild_id=GUILD, channel_id=CHANNEL)
    drawn = make_single(alice, gone, guild_id=GUILD, channel_id=CHANNEL)

    assert press(drawn).account == host


def test_a_deleted_account_is_gone_too(drawn: Task, gone: DiscordAccount) -> None:
    host = make_host()
    gone.delete()

    assert press(Task.objects.get(pk=drawn.pk)).account == host


@pytest.mark.parametrize(
    "unfit",
    [
        {"enable_mj": False},
        {"state": AccountState.PAUSED},
        {"enabled": False},
        {"remark": "other"},
        {"allow_modes": ["RELAX"]},
    ],
)
def test_bot_and_filter_hold_for_hosts(drawn: Task, unfit: dict[str, Any]) -> None:
    drawn.account_filter = {
        "instanceId": CHANNEL,  # the name of the one that is gone: not asked for
        "remark": "studio",
        "modes": ["FAST"],
    }
    drawn.owner.is_staff = True  # a remark chooses for operators
    drawn.save()
    make_host(**({"remark": "my studio"} | unfit))

    with pytest.raises(NoAccount):
        owner_or_host(drawn)

    fit = make_host(remark="their studio")
    assert owner_or_host(drawn) == fit


def test_of_several_hosts_the_free_one_is_chosen(alice: User, drawn: Task) -> None:
    busy, free = make_host(core_size=1), make_host(core_size=1)
    make_finished(alice, account=busy, status=TaskStatus.SUBMITTED)

    assert press(drawn).account == free


def test_without_a_host_it_is_refused_as_before(drawn: Task) -> None:
    make_account()

    with pytest.raises(NoAccount):
        press(drawn)


def test_change_has_no_host(alice: User, gone: DiscordAccount) -> None:
    make_host()
    grid = make_finished(alice, account=gone, guild_id=GUILD, channel_id=CHANNEL)

    with pytest.raises(NoAccount):
        submit_change(
            caller=Caller(alice), task_id=grid.pk, action=TaskAction.UPSCALE, index=1
        )


def test_a_window_is_answered_by_a_host(alice: User) -> None:
    owner = make_account(guild_id=GUILD, channel_id=CHANNEL)
    drawn = make_single(alice, owner, guild_id=GUILD, channel_id=CHANNEL)
    waiting = press(drawn, ZOOM)
    assert waiting.window == WindowState.EXPECTED
    host = make_host()
    DiscordAccount.objects.filter(pk=owner.pk).update(state=AccountState.INVALID_TOKEN)

    task = submit_window(caller=Caller(alice), task_id=waiting.pk).task

    assert task.account == host
    assert (task.status, task.channel_id) == (TaskStatus.NOT_START, CHANNEL)


def test_a_bookmark_is_pressed_by_a_host(drawn: Task) -> None:
    host = make_host()

    errand = submit_press(
        caller=Caller(drawn.owner), task_id=drawn.pk, custom_id=BOOKMARK
    )

    assert errand.account == host


def test_a_seed_is_told_to_its_owner_alone(drawn: Task) -> None:
    make_host()

    with pytest.raises(NoAccount):
        submit_seed(caller=Caller(drawn.owner), task=drawn)
