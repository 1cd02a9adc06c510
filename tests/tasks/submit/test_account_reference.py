"""All rules together agree with a reference that reads them in another way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from time_machine import travel

from accounts import hours
from accounts.enums import AccountState
from accounts.models import DomainTag, PoolSettings, User
from accounts.states import TAKE_NEW
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import NoAccount, QueueFull
from tasks.submit.account import Wanted, choose
from tests.factories import make_account, make_task, make_user
from tests.tasks.submit.test_account_fairly import undone

pytestmark = pytest.mark.usefixtures("utc")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 3, 1), date(2026, 2, 28)
NOT_START, RUNS = TaskStatus.NOT_START, TaskStatus.IN_PROGRESS
IMAGINE, MIDJOURNEY = TaskAction.IMAGINE, BotType.MID_JOURNEY


@dataclass(frozen=True)
class Seen:
    """An account as the reference reads it, by rules of its own."""

    fields: dict[str, Any]
    waiting: int
    running: int
    subjects: frozenset[str] = field(default_factory=frozenset)

    def failed(self, action: TaskAction, wanted: Wanted, prompt: str) -> list[str]:
        """Return the names of the rules that it fails, in order."""
        has = self.fields.__getitem__
        checks: list[tuple[str, bool]] = [
            ("remark", wanted.remark in has("remark")),
            ("enabled", has("enabled")),
            ("standing", has("state") in (*TAKE_NEW, AccountState.RESTING)),
            ("bot", has("enable_mj")),
            ("blend", action != TaskAction.BLEND or has("is_blend")),
            ("speed", not wanted.modes or self.speed(wanted.modes) is not None),
            ("remix", self._remix(wanted)),
            ("subjects", action != IMAGINE or self._may_draw(prompt)),
            ("work_hours", self._works()),
            ("idle_hours", not has("is_fishing")),
            ("day_limit", self._today() < has("day_draw_limit") % 100),
            ("room", self.waiting < (has("max_queue_size") or 99)),
        ]
        return [name for name, holds in checks if not holds]

    def speed(self, modes: tuple[str, ...]) -> int | None:
        """Return which of the speeds it gives, the first one."""
        allowed = set(self.fields["allow_modes"] or ("RELAX", "FAST"))
        if self.fields["mode"]:
            allowed &= {self.fields["mode"]}
        if self.fields["fast_exhausted"]:
            allowed &= {"RELAX"}
        return next((i for i, mode in enumerate(modes) if mode in allowed), None)

    def is_set_aside_for(self, prompt: str) -> bool:
        return bool(self.fields["is_vertical_domain"] and prompt in self.subjects)

    def _may_draw(self, prompt: str) -> bool:
        return not self.fields["is_vertical_domain"] or self.is_set_aside_for(prompt)

    def _remix(self, wanted: Wanted) -> bool:
        on, auto = self.fields["mj_remix_on"], self.fields["remix_auto_submit"]
        if wanted.remix is None:
            return True
        return bool(on or not auto) if wanted.remix else not on

    def _works(self) -> bool:
        text = self.fields["work_time"]
        is_now = not text or hours.covers(text, NOW)
        return is_now and self.fields["state"] != AccountState.RESTING

    def _today(self) -> int:
        is_today = self.fields["day"] == TODAY
        return int(self.fields["day_draw_count"]) if is_today else 0


mostly: Final = st.sampled_from([True, True, True, False])
ACCOUNTS: Final = st.builds(
    Seen,
    st.fixed_dictionaries(
        {
            "remark": st.sampled_from(["red", "Red", "blue"]),
            "enabled": mostly,
            "state": st.sampled_from([*[AccountState.READY] * 6, *AccountState]),
            "enable_mj": mostly,
            "is_blend": mostly,
            "mode": st.sampled_from(["", "", "RELAX", "FAST"]),
            "allow_modes": st.sampled_from([[], ["RELAX"], ["FAST", "RELAX"]]),
            "fast_exhausted": st.booleans(),
            "remix_auto_submit": st.booleans(),
            "mj_remix_on": st.booleans(),
            "is_vertical_domain": mostly.map(lambda yes: not yes),
            "work_time": st.sampled_from(["", "", "09:00-13:00", "22:00-02:00"]),
            "is_fishing": mostly.map(lambda yes: not yes),
            "day_draw_limit": st.sampled_from([-1, -1, 1, 2]),
            "day_draw_count": st.integers(0, 2),
            "day": st.sampled_from([None, YESTERDAY, TODAY]),
            "max_queue_size": st.integers(0, 2),
        }
    ),
    st.integers(0, 2),
    st.integers(0, 3),
    st.frozensets(st.sampled_from(["fox", "car"])),
)
WISHES: Final = st.builds(
    Wanted,
    modes=st.sampled_from([(), (), ("FAST",), ("FAST", "RELAX"), ("RELAX", "FAST")]),
    remix=st.sampled_from([None, None, True, False]),
    remark=st.sampled_from(["", "", "red", "e"]),
)


def write(owner: User, pool: list[Seen]) -> dict[int, Seen]:
    tags = {
        word: DomainTag.objects.create(name=word, keywords=[word])
        for word in ("fox", "car")
    }
    rows = {}
    for seen in pool:
        account = make_account(**seen.fields)
        account.vertical_domains.set([tags[word] for word in seen.subjects])
        for status in [NOT_START] * seen.waiting + [RUNS] * seen.running:
            make_task(owner, account=account, status=status)
        rows[account.pk] = seen
    return rows


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pool=st.lists(ACCOUNTS, max_size=4),
    wanted=WISHES,
    action=st.sampled_from([IMAGINE, IMAGINE, TaskAction.BLEND]),
    prompt=st.sampled_from(["fox", "cat"]),
)
def test_all_rules_agree_with_the_reference(
    db: None, pool: list[Seen], wanted: Wanted, action: TaskAction, prompt: str
) -> None:
    with undone(), travel(NOW, tick=False):
        PoolSettings.objects.create(is_vertical_domain=True)
        rows = write(make_user(), pool)
        failed = {pk: seen.failed(action, wanted, prompt) for pk, seen in rows.items()}
        fitting = {pk: rows[pk] for pk, names in failed.items() if not names}
        try:
            chosen = choose(action, MIDJOURNEY, wanted, prompt)
        except QueueFull:
            said = "room"
        except NoAccount as refused:
            said = str(refused.properties.get("reason", ""))
        else:
            _check_chosen(chosen.account.pk, chosen.mode, fitting, wanted, prompt)
            return
        assert not fitting
        assert said == _nearest(list(failed.values()))


def _check_chosen(
    pk: int, mode: str, fitting: dict[int, Seen], wanted: Wanted, prompt: str
) -> None:
    assert pk in fitting
    if not wanted.modes:
        assert mode == ""
        return
    best = fitting[pk].speed(wanted.modes)
    assert best is not None
    assert mode == wanted.modes[best]
    kin = [
        seen.speed(wanted.modes)
        for seen in fitting.values()
        if seen.is_set_aside_for(prompt) == fitting[pk].is_set_aside_for(prompt)
    ]
    assert best == min(speed for speed in kin if speed is not None)


ORDER: Final = [
    *("remark", "enabled", "standing", "bot", "blend", "speed", "remix", "subjects"),
    *("work_hours", "idle_hours", "day_limit", "room"),
]


def _nearest(failed: list[list[str]]) -> str:
    """Return the first rule that the account fails which comes furthest."""
    firsts = [ORDER.index(names[0]) for names in failed]
    return ORDER[max(firsts)] if firsts else ""
