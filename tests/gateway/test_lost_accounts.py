"""Tasks of an account that no longer draws move to others, or end with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.editing.save import delete_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount, SubChannel, User
from accounts.states import LOST, TAKE_NEW
from gateway import lost_accounts
from tasks.enums import (
    BotType,
    ErrandKind,
    ErrandState,
    TaskAction,
    TaskStatus,
    WindowState,
)
from tasks.models import Errand, Task
from tasks.services import CANCELLED
from tests.factories import make_account
from tests.gateway.rows import again, make_running, make_waiting


@pytest.mark.parametrize(
    "fields",
    [
        {"is_fishing": True},
        {"day_draw_limit": 0},
        {"mode": "FAST"},
        {"is_vertical_domain": True},
        {"remark": "blue"},
    ],
)
def test_a_drawing_moves_only_where_it_could_have_been_submitted(
    alice: User, fields: dict[str, Any]
) -> None:
    User.objects.update(is_staff=True)  # a remark chooses for operators
    gone = make_account(state=AccountState.PAUSED, remark="red")
    make_account(**({"remark": "red"} | fields))
    task = make_waiting(alice, gone, mode="RELAX", account_filter={"remark": "red"})

    lost_accounts.leave_lost_accounts()
    assert again(task).account == gone

    fitting = make_account(remark="red")
    lost_accounts.leave_lost_accounts()
    assert again(task).account == fitting
    fitting.refresh_from_db()
    assert fitting.day_draw_count == 1


def test_no_more_drawings_move_than_an_account_takes(alice: User) -> None:
    gone = make_account(enabled=False)
    for _ in range(3):
        make_waiting(alice, gone)
    other = make_account(max_queue_size=2)

    lost_accounts.leave_lost_accounts()

    assert Task.objects.filter(account=other).count() == 2
    other.refresh_from_db()
    assert other.day_draw_count == 2


LEFT: list[dict[str, Any]] = [
    {"enabled": False},
    *({"state": state} for state in AccountState if state not in TAKE_NEW),
]


@pytest.mark.parametrize("fields", LEFT)
def test_new_drawings_of_a_lost_account_move(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    task = make_waiting(alice, make_account(**fields))

    lost_accounts.leave_lost_accounts()

    assert again(task).account == account
    assert again(task).revision == task.revision + 1


def test_a_drawing_moves_to_the_account_with_most_room(
    alice: User, account: DiscordAccount
) -> None:
    idle = make_account(core_size=9)
    task = make_waiting(alice, make_account(enabled=False))

    lost_accounts.leave_lost_accounts()

    assert again(task).account == idle


@pytest.mark.parametrize("fields", LEFT)
def test_a_button_of_a_lost_account_cannot_move(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    gone = make_account(**fields)
    task = make_waiting(alice, gone, action=TaskAction.UPSCALE)

    lost_accounts.leave_lost_accounts()

    assert again(task).status == TaskStatus.FAILURE


def test_a_button_that_cannot_be_pressed_says_why(alice: User) -> None:
    rests = make_account(state=AccountState.RESTING, state_reason="it rests until 9")
    task = make_waiting(alice, rests, action=TaskAction.UPSCALE)

    lost_accounts.leave_lost_accounts()

    assert "it rests until 9" in (again(task).fail_reason or "")


def test_with_nowhere_to_go_a_drawing_waits(alice: User) -> None:
    gone = make_account(state=AccountState.PAUSED)
    task = make_waiting(alice, gone)

    lost_accounts.leave_lost_accounts()

    assert again(task).account == gone
    assert again(task).status == TaskStatus.NOT_START


def test_a_drawing_of_a_deleted_account_moves(
    alice: User, account: DiscordAccount
) -> None:
    gone = make_account()
    task = make_waiting(alice, gone)
    gone.delete()

    lost_accounts.leave_lost_accounts()

    assert again(task).account == account


@pytest.mark.parametrize(
    ("bot_type", "field"),
    [
        (BotType.MID_JOURNEY, "enable_mj"),
        (BotType.NIJI_JOURNEY, "enable_niji"),
    ],
)
def test_a_drawing_moves_only_where_its_bot_draws(
    alice: User, bot_type: BotType, field: str
) -> None:
    fitting = make_account()
    make_account(core_size=9, **{field: False})
    task = make_waiting(alice, make_account(enabled=False), bot_type=bot_type)

    lost_accounts.leave_lost_accounts()

    assert again(task).account == fitting


def test_a_cut_off_account_keeps_its_tasks(
    alice: User, account: DiscordAccount
) -> None:
    cut_off = make_account(state=AccountState.DISCONNECTED)
    task = make_waiting(alice, cut_off)
    running = make_running(alice, cut_off)

    lost_accounts.leave_lost_accounts()

    assert again(task).account == cut_off
    assert again(running).status == TaskStatus.SUBMITTED


def test_running_tasks_end_with_their_accounts_token(alice: User) -> None:
    dead = make_running(alice, make_account(state=AccountState.INVALID_TOKEN))
    paused = make_running(alice, make_account(state=AccountState.PAUSED))

    lost_accounts.leave_lost_accounts()

    assert again(dead).status == TaskStatus.FAILURE
    assert again(paused).status == TaskStatus.SUBMITTED


# --- accounts that do not come back by themselves ------------------------------------

DELETED, OFF, REFUSED = "was deleted", "was switched off", "was refused by Discord"
GONE: list[Any] = [
    pytest.param(None, DELETED, id="deleted"),
    pytest.param({"enabled": False}, OFF, id="off"),
    *(pytest.param({"state": state}, REFUSED, id=state) for state in LOST),
]


def leave(account: DiscordAccount, fields: dict[str, Any] | None) -> None:
    """Let the account be deleted, or written as `fields` say."""
    if fields is None:
        delete_account(account)
    else:
        DiscordAccount.objects.filter(pk=account.pk).update(**fields)


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(("fields", "said"), GONE)
def test_what_nobody_else_may_draw_ends_with_the_true_reason(
    alice: User, fields: dict[str, Any] | None, said: str, named: bool, prepared: bool
) -> None:
    gone = make_account()
    if named:
        make_account()
    asked = {"instanceId": gone.channel_id} if named else None
    task = make_waiting(alice, gone, account_filter=asked, prepared=prepared)
    leave(gone, fields)

    lost_accounts.leave_lost_accounts()

    assert again(task).status == TaskStatus.FAILURE
    assert said in (again(task).fail_reason or "")


@pytest.mark.parametrize("fields", [{"is_fishing": True}, {"state": "verification"}])
def test_what_another_account_may_draw_later_waits_for_it(
    alice: User, fields: dict[str, Any]
) -> None:
    gone = make_account()
    task = make_waiting(alice, gone)
    delete_account(gone)
    other = make_account(**fields)

    lost_accounts.leave_lost_accounts()
    assert again(task).status == TaskStatus.NOT_START

    DiscordAccount.objects.filter(pk=other.pk).update(is_fishing=False, state="ready")
    lost_accounts.leave_lost_accounts()
    assert again(task).account == other


def test_what_waits_on_does_not_hold_up_what_can_go(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_accounts, "MOST_WAITING", 2)
    paused, gone = make_account(state=AccountState.PAUSED), make_account()
    for _ in range(3):
        make_waiting(alice, paused)
    asked = {"instanceId": gone.channel_id}
    task = make_waiting(alice, gone, account_filter=asked)
    delete_account(gone)

    lost_accounts.leave_lost_accounts()

    assert again(task).status == TaskStatus.FAILURE
    assert Task.objects.filter(status=TaskStatus.NOT_START).count() == 3


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(
    ("fields", "said"), [each for each in GONE if each.id != "off"]
)
def test_what_runs_where_nobody_watches_ends_with_the_true_reason(
    alice: User, fields: dict[str, Any] | None, said: str, asked: bool
) -> None:
    gone = make_account()
    moment = timezone.now() if asked else None
    task = make_running(alice, gone, cancel_requested_at=moment)
    leave(gone, fields)

    lost_accounts.leave_lost_accounts()

    reason = again(task).fail_reason or ""
    assert again(task).status == TaskStatus.FAILURE
    assert reason == CANCELLED if asked else said in reason


def test_what_runs_at_an_account_that_is_off_is_drawn_to_the_end(alice: User) -> None:
    task = make_running(alice, make_account(enabled=False))

    lost_accounts.leave_lost_accounts()

    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(("fields", "said"), GONE)
@pytest.mark.parametrize("hosted", [True, False])
def test_a_window_that_nobody_can_answer_for_its_owner_ends(
    alice: User, fields: dict[str, Any] | None, said: str, hosted: bool
) -> None:
    gone, other = make_account(), make_account()
    if hosted:
        SubChannel.objects.create(
            account=other, guild_id=gone.guild_id, channel_id=gone.channel_id
        )
    task = make_waiting(
        alice,
        gone,
        status=TaskStatus.MODAL,
        window=WindowState.EXPECTED,
        action=TaskAction.VARIATION,
        custom_id="MJ::JOB::variation::1::x",
        channel_id=gone.channel_id,
    )
    leave(gone, fields)

    lost_accounts.leave_lost_accounts()

    assert (again(task).status == TaskStatus.MODAL) is hosted
    assert (said in (again(task).fail_reason or "")) is not hosted


@pytest.mark.parametrize(("fields", "said"), GONE)
def test_a_button_is_pressed_by_another_account_in_its_channel(
    alice: User, fields: dict[str, Any] | None, said: str
) -> None:
    gone, other = make_account(), make_account()
    SubChannel.objects.create(
        account=other, guild_id=gone.guild_id, channel_id=gone.channel_id
    )
    task = make_waiting(
        alice,
        gone,
        action=TaskAction.UPSCALE,
        custom_id="MJ::JOB::upsample::1::x",
        channel_id=gone.channel_id,
    )
    leave(gone, fields)

    lost_accounts.leave_lost_accounts()

    assert again(task).account == other
    assert again(task).status == TaskStatus.NOT_START


@pytest.mark.parametrize("state", [s for s in AccountState if s not in TAKE_NEW])
def test_an_errand_of_a_lost_account_ends_at_once(
    alice: User, state: AccountState
) -> None:
    enabled = state != AccountState.DISABLED
    gone = make_account(state=state, enabled=enabled, state_reason="for a reason")
    errand = Errand.objects.create(kind=ErrandKind.SEED, owner=alice, account=gone)

    lost_accounts.leave_lost_accounts()

    errand.refresh_from_db()
    said = {AccountState.DISABLED: OFF, AccountState.INVALID_TOKEN: REFUSED}
    assert errand.state == ErrandState.FAILED
    assert said.get(state, "for a reason") in errand.error_en
