from __future__ import annotations

from typing import Any

import pytest

from accounts.choice.rules import gives
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.states import TAKE_NEW
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import NoAccount, QueueFull
from tasks.submit.account import Wanted, any_account, choose
from tests.factories import make_account, make_task

pytestmark = pytest.mark.django_db
MIDJOURNEY = BotType.MID_JOURNEY
OFF = sorted(set(AccountState) - TAKE_NEW)


def chosen(
    action: TaskAction = TaskAction.IMAGINE, bot: BotType = MIDJOURNEY, **wanted: Any
) -> DiscordAccount:
    return choose(action, bot, Wanted(**wanted)).account


def test_the_account_with_most_room_draws(alice: User) -> None:
    busy, idle = make_account(), make_account()
    make_task(alice, account=busy, status=TaskStatus.IN_PROGRESS)

    assert chosen() == idle


def test_a_connected_account_goes_before_one_that_is_cut_off() -> None:
    make_account(state=AccountState.DISCONNECTED, core_size=12)
    connected = make_account(core_size=1)

    assert chosen() == connected


@pytest.mark.parametrize("state", OFF)
def test_an_account_that_is_off_gets_nothing(state: AccountState) -> None:
    make_account(state=state)

    with pytest.raises(NoAccount):
        chosen()


def test_a_disabled_account_gets_nothing() -> None:
    make_account(enabled=False)

    with pytest.raises(NoAccount):
        chosen()


@pytest.mark.parametrize(
    ("bot", "switch"),
    [(BotType.MID_JOURNEY, "enable_mj"), (BotType.NIJI_JOURNEY, "enable_niji")],
)
def test_a_bot_that_is_off_draws_nothing(bot: BotType, switch: str) -> None:
    make_account(**{switch: False})

    with pytest.raises(NoAccount):
        chosen(bot=bot)


@pytest.mark.parametrize(
    ("action", "switch"),
    [
        (TaskAction.BLEND, "is_blend"),
        (TaskAction.DESCRIBE, "is_describe"),
        (TaskAction.SHORTEN, "is_shorten"),
    ],
)
def test_a_command_that_is_off_at_an_account_goes_to_another(
    action: TaskAction, switch: str
) -> None:
    make_account(core_size=12, **{switch: False})
    able = make_account(core_size=1)

    assert chosen(action) == able
    assert chosen(TaskAction.IMAGINE) != able


def test_a_full_account_is_passed_over(alice: User) -> None:
    full, roomy = make_account(max_queue_size=1, core_size=12), make_account()
    make_task(alice, account=full)

    assert chosen() == roomy


def test_where_all_are_full_the_refusal_names_one(alice: User) -> None:
    full = make_account(max_queue_size=1)
    make_task(alice, account=full)

    with pytest.raises(QueueFull) as refused:
        chosen()

    assert refused.value.properties == {"discordInstanceId": full.channel_id}


# --- what a filter asks for -----------------------------------------------------------


def test_an_instance_is_obeyed() -> None:
    make_account(core_size=12)
    named = make_account(core_size=1)

    assert chosen(instance_id=named.channel_id) == named
    with pytest.raises(NoAccount):
        chosen(instance_id="77")


def test_a_remark_is_found_in_the_middle() -> None:
    make_account(remark="blue", core_size=12)
    named = make_account(remark="team red, night", core_size=1)

    assert chosen(remark="red") == named
    with pytest.raises(NoAccount):
        chosen(remark="green")


@pytest.mark.parametrize("wanted", [True, False])
def test_accounts_that_answer_remix_by_themselves_are_told_apart(wanted: bool) -> None:
    both = {flag: make_account(remix_auto_submit=flag) for flag in (True, False)}

    assert chosen(remix_auto_considered=wanted) == both[wanted]


@pytest.mark.parametrize(
    ("on", "answers_itself", "fits_true", "fits_false"),
    [
        (True, False, True, False),
        (True, True, True, False),
        (False, False, True, True),
        (False, True, False, True),
    ],
)
@pytest.mark.parametrize(
    ("wish", "column"), [("remix", "mj_remix_on"), ("niji_remix", "niji_remix_on")]
)
def test_remix_is_wanted_or_not(
    wish: str,
    column: str,
    on: bool,
    answers_itself: bool,
    fits_true: bool,
    fits_false: bool,
) -> None:
    make_account(**{column: on, "remix_auto_submit": answers_itself})

    for wanted, fits in ((True, fits_true), (False, fits_false)):
        try:
            asked: dict[str, Any] = {wish: wanted}
            chosen(**asked)
        except NoAccount:
            found = False
        else:
            found = True
        assert found is fits


# --- speeds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "able"),
    [
        ({}, {"FAST", "RELAX", "TURBO"}),
        ({"mode": "RELAX"}, {"RELAX"}),
        ({"allow_modes": ["RELAX", "TURBO"]}, {"RELAX", "TURBO"}),
        ({"mode": "FAST", "allow_modes": ["RELAX"]}, set()),
        ({"fast_exhausted": True}, {"RELAX"}),
        ({"fast_exhausted": True, "mode": "FAST"}, set()),
    ],
)
def test_an_account_gives_some_speeds(fields: dict[str, Any], able: set[str]) -> None:
    make_account(**fields)
    speeds = ("FAST", "RELAX", "TURBO")

    assert {m for m in speeds if DiscordAccount.objects.filter(gives(m))} == able


def test_the_first_speed_that_anybody_gives_is_drawn_with() -> None:
    make_account(mode="FAST", core_size=12)
    slow = make_account(mode="RELAX", core_size=1)

    found = choose(TaskAction.IMAGINE, MIDJOURNEY, Wanted(modes=("TURBO", "RELAX")))

    assert (found.account, found.mode) == (slow, "RELAX")


def test_without_a_wish_the_account_decides_the_speed(account: DiscordAccount) -> None:
    assert choose(TaskAction.IMAGINE, MIDJOURNEY, Wanted()).mode == ""


def test_a_speed_that_nobody_gives_is_no_account() -> None:
    make_account(mode="RELAX")

    with pytest.raises(NoAccount):
        chosen(modes=("FAST", "TURBO"))


# --- for errands ----------------------------------------------------------------------


def test_any_account_may_upload_whatever_it_may_draw() -> None:
    account = make_account(enable_mj=False, enable_niji=False, is_blend=False)

    assert any_account(Wanted()) == account


@pytest.mark.parametrize("state", OFF)
def test_an_account_that_is_off_uploads_nothing(state: AccountState) -> None:
    make_account(state=state)

    assert any_account(Wanted()) is None


def test_an_upload_goes_to_the_instance_that_is_named() -> None:
    make_account(core_size=12)
    named = make_account(core_size=1)

    assert any_account(Wanted(instance_id=named.channel_id)) == named
    assert any_account(Wanted(instance_id="77")) is None
