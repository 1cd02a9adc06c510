from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import jobs, retention
from accounts.models import (
    AccountEvent,
    DiscordAccount,
    OperatorMail,
    RetentionSettings,
    User,
)
from accounts.people.keys import create_key
from tests.factories import make_user


def ago(**age: float) -> datetime:
    return timezone.now() - timedelta(**age)


def test_sessions_that_have_run_out_go(db: None) -> None:
    kept, gone = SessionStore(), SessionStore()
    for store, seconds in ((kept, 3600), (gone, -1)):
        store.set_expiry(seconds)
        store.save()

    jobs.remove_old()

    assert {row.pk for row in Session.objects.all()} == {kept.session_key}


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


def test_the_settings_say_how_long_history_and_mails_are_kept(
    account: DiscordAccount,
) -> None:
    RetentionSettings.objects.create(event_days=10, mail_days=20)
    for age in (9, 11, 19, 21):
        moment = ago(days=age)
        states = {"from_state": "ready", "to_state": "paused"}
        AccountEvent.objects.create(account=account, at=moment, **states)
        OperatorMail.objects.create(
            account=account, trouble="paused", at=moment, next_attempt_at=moment
        )
    counts = {lot.name: lot.count() for lot in retention.lots()}

    retention.remove_old()

    assert (counts["events of accounts"], counts["mails to operators"]) == (3, 1)
    assert (AccountEvent.objects.count(), OperatorMail.objects.count()) == (1, 3)


def test_people_who_never_confirmed_their_address_are_removed(db: None) -> None:
    def person(name: str, **fields: Any) -> User:
        address = f"{name}@example.com"
        values = {
            "signed_up_as": address,
            "email": address,
            "date_joined": ago(days=30),
        }
        return make_user(name, **(values | fields))

    person("never")
    person("fresh", date_joined=timezone.now())
    person("made by an operator", signed_up_as=None)
    create_key(person("with a key"))
    person("came in", last_login=ago(days=30))
    confirmed = person("confirmed")
    EmailAddress.objects.create(user=confirmed, email="c@example.com", verified=True)

    people = {lot.name: lot for lot in retention.lots()}["people who never confirmed"]
    assert people.count() == people.remove() == 1

    assert not User.objects.filter(username="never").exists()
    assert User.objects.count() == 5
