from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import jobs
from accounts.choice import idle_hours
from accounts.enums import AccountState
from accounts.models import DiscordAccount
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


def test_every_beat_job_of_this_app_exists(settings: Settings) -> None:
    app.loader.import_default_modules()
    scheduled = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    own = {each for each in scheduled if each.startswith("accounts.")}

    assert own == {each for each in app.tasks if each.startswith("accounts.")}
