from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import jobs
from accounts.choice import idle_hours
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.state.changes import trouble
from mjproxy.celery import app


def test_a_step_of_the_clock_that_breaks_holds_up_no_other(
    account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = {"state": AccountState.PAUSED, "resume_at": timezone.now()}
    DiscordAccount.objects.filter(pk=account.pk).update(**over)
    monkeypatch.setattr(idle_hours, "follow_hours", lambda: 1 / 0)

    jobs.follow_clock()

    account.refresh_from_db()
    assert account.state == AccountState.CONNECTING


def test_the_clock_brings_back_what_has_rested(account: DiscordAccount) -> None:
    trouble(account.pk, AccountState.BLOCKED, "blocked", timezone.now())

    jobs.follow_clock()

    account.refresh_from_db()
    assert account.state == AccountState.CONNECTING


def test_the_clock_lets_accounts_rest_after_their_hours(
    account: DiscordAccount,
) -> None:
    begin = timezone.localtime() + timedelta(hours=2)
    hours = f"{begin:%H:%M}-{begin + timedelta(hours=1):%H:%M}"
    DiscordAccount.objects.update(work_time=hours)

    jobs.follow_clock()

    account.refresh_from_db()
    assert account.state == AccountState.RESTING
    assert account.resume_at is not None


def test_every_beat_job_of_this_app_exists(settings: Settings) -> None:
    app.loader.import_default_modules()
    scheduled = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    own = {each for each in scheduled if each.startswith("accounts.")}

    assert own == {each for each in app.tasks if each.startswith("accounts.")}
