from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import AccountState, BotType
from accounts.models import BotSnapshot, DiscordAccount, User
from tasks.enums import TaskStatus
from tests.factories import make_account, make_task, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/discordaccount/"


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


def cells(admin: Client, account: DiscordAccount) -> dict[str, str]:
    """Return the row of an account as its list shows it."""
    changelist = admin.get(LIST).context["cl"]
    row: Any = next(r for r in changelist.result_list if r.pk == account.pk)
    model_admin = changelist.model_admin
    names = ("running", "waiting", "today", "fast_time", "reason")
    return {name: str(getattr(model_admin, name)(row)) for name in names}


def test_accounts_show_their_load(admin: Client, alice: User) -> None:
    busy = make_account(core_size=2, max_queue_size=0)
    idle = make_account(core_size=2, max_queue_size=5)
    make_task(alice, account=busy)
    make_task(alice, account=busy, status=TaskStatus.IN_PROGRESS)
    make_task(alice, account=busy, status=TaskStatus.SUBMITTED)
    make_task(alice, account=busy, status=TaskStatus.SUCCESS)

    shown = cells(admin, busy)
    assert "account-full" in shown["running"]
    assert "2 / 2" in shown["running"]
    assert shown["waiting"] == "1"
    shown = cells(admin, idle)
    assert "account-full" not in shown["running"]
    assert "0 / 5" in shown["waiting"]


def test_the_day_is_counted_against_its_limit(admin: Client) -> None:
    today = timezone.localdate()
    free = make_account(day_draw_count=7, day=today)
    full = make_account(day_draw_count=9, day=today, day_draw_limit=9)
    fresh = make_account(
        day_draw_count=9, day=today - timedelta(days=1), day_draw_limit=9
    )

    assert cells(admin, free)["today"] == "7"
    assert "account-full" in cells(admin, full)["today"]
    assert "0 / 9" in cells(admin, fresh)["today"]


def test_fast_time_is_what_midjourney_told_last(admin: Client) -> None:
    told, used_up, unknown = (make_account() for _ in range(3))
    for account in (told, used_up):
        BotSnapshot.objects.create(
            account=account, bot=BotType.MID_JOURNEY, fast_hours=14.21
        )
    DiscordAccount.objects.filter(pk=used_up.pk).update(fast_exhausted=True)

    assert cells(admin, told)["fast_time"] == "14.2 h"
    assert cells(admin, used_up)["fast_time"] == "used up"
    assert cells(admin, unknown)["fast_time"] == "–"


def test_a_reason_is_shown_as_text(admin: Client) -> None:
    until = timezone.now() + timedelta(hours=1)
    blocked = make_account(
        state=AccountState.BLOCKED, state_reason="<script>x</script>", resume_at=until
    )
    paused = make_account(state=AccountState.PAUSED, state_reason="a person must act")

    shown = cells(admin, blocked)["reason"]
    assert "<script>" not in shown
    assert f"until {timezone.localtime(until):%d %b %H:%M}" in shown
    assert "since" in cells(admin, paused)["reason"]


@pytest.mark.parametrize("column", range(1, 9))
def test_the_list_is_sorted_by_each_column(admin: Client, column: int) -> None:
    make_account()
    for order in (column, -column):
        assert admin.get(f"{LIST}?o={order}").status_code == 200
