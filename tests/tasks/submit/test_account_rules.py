"""Rules for accounts: each rule both ways, all together, and the reason given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from time_machine import travel

from accounts.enums import AccountState
from accounts.models import DiscordAccount, DomainTag, PoolSettings, User
from accounts.states import TAKE_NEW, TROUBLES
from tasks.enums import BotType, TaskAction
from tasks.exceptions import QueueFull, Refused
from tasks.submit.account import Wanted, any_account, choose
from tests.factories import make_account, make_task

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("utc")]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 3, 1), date(2026, 2, 28)
IMAGINE, MIDJOURNEY = TaskAction.IMAGINE, BotType.MID_JOURNEY


def refusal(action: TaskAction = IMAGINE, prompt: str = "", **wanted: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        choose(action, MIDJOURNEY, Wanted(**wanted), prompt)
    return refused.value


def reason(action: TaskAction = IMAGINE, **wanted: Any) -> str:
    return str(refusal(action, **wanted).properties.get("reason"))


# --- each rule ------------------------------------------------------------------------


@pytest.mark.parametrize("state", AccountState.values)
def test_a_state_is_alive_or_held_up(state: str) -> None:
    account = make_account(state=state)

    if state in TAKE_NEW:
        assert choose(IMAGINE, MIDJOURNEY, Wanted()).account == account
    else:
        resting = state == AccountState.RESTING
        assert reason() == ("work_hours" if resting else "standing")


@pytest.mark.parametrize(
    ("work_time", "works"),
    [
        ("", True),
        ("09:00-12:00", True),
        ("12:01-13:00", False),
        ("22:00-11:00", False),
        ("22:00-11:00, 11:30-12:30", True),
    ],
)
def test_work_hours_hold_before_the_state_follows(work_time: str, works: bool) -> None:
    account = make_account(work_time=work_time)

    with travel(NOW, tick=False):
        if works:
            assert choose(IMAGINE, MIDJOURNEY, Wanted()).account == account
        else:
            assert reason() == reason(TaskAction.DESCRIBE) == "work_hours"


NEW = [TaskAction.IMAGINE, TaskAction.BLEND, TaskAction.DESCRIBE, TaskAction.SHORTEN]


@pytest.mark.parametrize("action", [*NEW, TaskAction.VIDEO])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"is_fishing": True}, "idle_hours"),
        ({"day_draw_limit": 3, "day_draw_count": 3, "day": TODAY}, "day_limit"),
        ({"day_draw_limit": 0}, "day_limit"),
    ],
)
def test_new_drawings_keep_to_idle_hours_and_the_day(
    action: TaskAction, fields: dict[str, Any], expected: str
) -> None:
    account = make_account(**fields)

    with travel(NOW, tick=False):
        assert reason(action) == expected
        assert choose(TaskAction.SHOW, MIDJOURNEY, Wanted()).account == account
        assert any_account(Wanted()) == account


@pytest.mark.parametrize(
    "fields",
    [
        {"day_draw_limit": -1, "day_draw_count": 10**6, "day": TODAY},
        {"day_draw_limit": 3, "day_draw_count": 2, "day": TODAY},
        {"day_draw_limit": 3, "day_draw_count": 3, "day": YESTERDAY},
        {"day_draw_limit": 3, "day_draw_count": 0, "day": None},
    ],
)
def test_below_the_day_limit_it_draws(fields: dict[str, Any]) -> None:
    account = make_account(**fields)

    with travel(NOW, tick=False):
        assert choose(IMAGINE, MIDJOURNEY, Wanted()).account == account


def test_what_runs_takes_no_room_in_the_queue(alice: User) -> None:
    account = make_account(max_queue_size=2)
    for _ in range(3):
        make_task(alice, account=account, status="IN_PROGRESS")

    for _ in range(2):
        assert choose(IMAGINE, MIDJOURNEY, Wanted()).account == account
        make_task(alice, account=account)
    assert isinstance(refusal(), QueueFull)


# --- subjects -------------------------------------------------------------------------


@pytest.fixture
def animals() -> DomainTag:
    PoolSettings.objects.create(is_vertical_domain=True)
    return DomainTag.objects.create(name="animals", keywords=["fox"])


def set_aside(*tags: DomainTag, **fields: Any) -> DiscordAccount:
    account = make_account(is_vertical_domain=True, **fields)
    account.vertical_domains.set(tags)
    return account


def drawn_by(prompt: str, action: TaskAction = IMAGINE) -> DiscordAccount:
    return choose(action, MIDJOURNEY, Wanted(), prompt).account


def test_a_subject_goes_to_its_accounts(animals: DomainTag) -> None:
    make_account(core_size=12)
    own = set_aside(animals, core_size=1)
    set_aside(DomainTag.objects.create(name="cars"), core_size=12)

    assert drawn_by("a fox") == own
    assert drawn_by("a fox", TaskAction.VIDEO) == own


def test_its_accounts_go_before_speed_and_connection(animals: DomainTag) -> None:
    make_account(mode="FAST")
    own = set_aside(animals, mode="RELAX", state=AccountState.DISCONNECTED)

    found = choose(IMAGINE, MIDJOURNEY, Wanted(modes=("FAST", "RELAX")), "a fox")

    assert (found.account, found.mode) == (own, "RELAX")


@pytest.mark.parametrize("fields", [{"is_fishing": True}, {"enabled": False}])
def test_where_they_cannot_the_others_draw_it(
    animals: DomainTag, fields: dict[str, Any]
) -> None:
    common = make_account(core_size=1)
    set_aside(animals, **fields)
    set_aside(DomainTag.objects.create(name="cars"))

    assert drawn_by("a fox") == common


def test_accounts_set_aside_draw_nothing_else(animals: DomainTag) -> None:
    set_aside(animals)
    set_aside()

    said = refusal(prompt="a cat")

    assert said.properties["reason"] == "subjects"


def test_without_the_switch_they_draw_nothing_new(animals: DomainTag) -> None:
    PoolSettings.objects.all().delete()
    set_aside(animals)

    assert reason(prompt="a fox") == "subjects"


@pytest.mark.parametrize(
    "action", [TaskAction.BLEND, TaskAction.DESCRIBE, TaskAction.SHORTEN]
)
def test_other_commands_know_no_subjects(
    animals: DomainTag, action: TaskAction
) -> None:
    own = set_aside(animals)

    assert drawn_by("a cat", action) == own


# --- reasons --------------------------------------------------------------------------


def test_without_any_account_there_is_no_reason() -> None:
    said = refusal()

    assert (said.zh, said.properties) == ("无可用的账号实例", {})


@pytest.mark.parametrize("state", [AccountState.BLOCKED, AccountState.RESTING])
def test_what_has_an_end_says_until_when(state: AccountState) -> None:
    make_account(state=state, resume_at=datetime(2030, 5, 17, 8, 30, tzinfo=UTC))

    said = refusal()

    assert said.zh.endswith("，2030-05-17 08:30 UTC 自动恢复")
    assert said.en.endswith("; it goes on by itself at 2030-05-17 08:30 UTC")


@pytest.mark.parametrize("state", sorted(TROUBLES))
def test_what_waits_for_a_person_says_so(state: AccountState) -> None:
    make_account(state=state)

    assert refusal().en.endswith("until it has recovered, or a person has acted")


@pytest.mark.parametrize(
    ("fields", "until"),
    [
        ({"work_time": "14:00-16:00"}, "14:00"),
        ({"is_fishing": True, "fishing_time": "11:00-14:00"}, "14:01"),
    ],
)
def test_hours_say_until_when(fields: dict[str, Any], until: str) -> None:
    make_account(**fields)

    with travel(NOW, tick=False):
        assert refusal().en.endswith(f"by itself at 2026-03-01 {until} UTC")


def test_the_nearest_account_says_why() -> None:
    make_account(enabled=False)
    make_account(state=AccountState.PAUSED, remark="secret remark")
    near = make_account(is_fishing=True, remark="secret remark")

    said = refusal()

    assert said.zh == "无可用的账号实例：最接近的账号处于空闲时段，不接受新任务"
    assert said.en == (
        "No account instance available: "
        "the nearest one is in its idle hours and draws nothing new"
    )
    assert said.properties == {
        "reason": "idle_hours",
        "discordInstanceId": near.channel_id,
    }


def test_the_account_that_is_asked_for_says_why() -> None:
    make_account(is_fishing=True)
    named = make_account(enabled=False, is_fishing=True)

    said = refusal(instance_id=named.channel_id)

    assert said.properties["reason"] == "enabled"
    assert said.properties["discordInstanceId"] == named.channel_id


@pytest.mark.parametrize("wish", [{"instance_id": "77"}, {"remark": "green"}])
def test_of_accounts_that_are_not_meant_nothing_is_said(wish: dict[str, Any]) -> None:
    make_account(enabled=False, remark="secret remark")

    said = refusal(**wish)

    assert list(said.properties) == ["reason"]
    assert "secret" not in said.en + said.zh
