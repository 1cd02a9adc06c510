from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import jobs, retention
from accounts.models import AccountEvent, DiscordAccount, OperatorMail, User


def ago(**age: float) -> datetime:
    return timezone.now() - timedelta(**age)


def test_sessions_that_have_run_out_go(db: None) -> None:
    kept, gone = SessionStore(), SessionStore()
    for store, seconds in ((kept, 3600), (gone, -1)):
        store.set_expiry(seconds)
        store.save()

    jobs.remove_old()

    assert {row.pk for row in Session.objects.all()} == {kept.session_key}


def test_the_admins_history_goes_after_a_year(alice: User) -> None:
    young, _ = (
        LogEntry.objects.create(user=alice, action_flag=1, action_time=ago(days=days))
        for days in (364, 366)
    )

    retention.remove_old()

    assert list(LogEntry.objects.all()) == [young]


def test_old_history_and_mails_of_accounts_go(account: DiscordAccount) -> None:
    for age in (91, 89):
        moment = ago(days=age)
        states = {"from_state": "ready", "to_state": "paused"}
        AccountEvent.objects.create(account=account, at=moment, **states)
        OperatorMail.objects.create(
            account=account, trouble="paused", at=moment, next_attempt_at=moment
        )

    retention.remove_old()

    assert AccountEvent.objects.count() == OperatorMail.objects.count() == 1
