"""Mails to people, through a real talk with a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction

from accounts.enums import MailState
from accounts.mails import people, server
from accounts.models import MailSettings, PersonMail, User
from tests.accounts.post import deliver, set_up
from tests.mail_server import Mailbox

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SECRET = "https://draw.example.com/account/mail/very-secret"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as found:
        yield found


@pytest.fixture(autouse=True)
def row(db: None, box: Mailbox, clock: time_machine.Coordinates) -> MailSettings:
    return set_up(box)


def columns() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_personmail")
        return str(cursor.fetchall())


def test_a_mail_is_sent_and_its_text_forgotten(alice: User, box: Mailbox) -> None:
    people.write(alice, "alice@example.com", "a link", SECRET)
    assert SECRET not in columns()

    assert deliver() == 1

    (mail,) = box.mails
    assert (mail["To"], mail["From"]) == ("alice@example.com", "mjproxy@example.com")
    assert mail["Subject"] == "a link"
    assert SECRET in box.text()
    kept = PersonMail.objects.get()
    assert (kept.state, kept.body, kept.attempts) == (MailState.SENT, "", 1)
    assert deliver() == 0


def test_a_subject_stays_one_line(alice: User, box: Mailbox) -> None:
    people.write(alice, "alice@example.com", "hello\r\nBcc: x@example.com", "text")

    assert deliver() == 1

    assert box.recipients == [["TO:<alice@example.com>"]]
    assert box.mails[0]["Subject"] == "hello Bcc: x@example.com"


def test_what_is_undone_is_not_mailed(alice: User) -> None:
    with transaction.atomic():
        people.write(alice, "alice@example.com", "a link", SECRET)
        transaction.set_rollback(True)

    assert not PersonMail.objects.exists()


def test_a_mail_waits_for_a_server_that_is_down(
    alice: User, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    MailSettings.objects.update(port=1)
    people.write(alice, "alice@example.com", "a link", SECRET)

    assert deliver() == 0
    assert people.is_delayed()
    waiting = PersonMail.objects.get()
    assert waiting.state == MailState.WAITING
    assert "Error" in waiting.error
    MailSettings.objects.update(port=box.port)
    clock.shift(server.LONGEST_PAUSE)

    assert deliver() == 1
    assert SECRET in box.text()
    assert not people.is_delayed()


def test_a_mail_that_waits_delays_no_later_one(alice: User, box: Mailbox) -> None:
    box.refuses_to = "451 this mailbox is busy"
    people.write(alice, "alice@example.com", "a link", SECRET)
    deliver()
    assert people.is_delayed()
    box.refuses_to = ""
    people.write(alice, "bob@example.com", "a link", SECRET)

    deliver()

    assert PersonMail.objects.filter(state=MailState.WAITING).count() == 1
    assert not people.is_delayed()


def test_a_mail_that_is_being_sent_tells_nothing(alice: User) -> None:
    MailSettings.objects.update(port=1)
    for name in ("alice", "bob"):
        people.write(alice, f"{name}@example.com", "a link", SECRET)
        if name == "alice":
            deliver()

    people.claim(PersonMail.objects.latest("pk").pk)

    assert people.is_delayed()


def test_a_mail_is_given_up_after_a_day(
    alice: User, clock: time_machine.Coordinates
) -> None:
    MailSettings.objects.update(port=1)
    people.write(alice, "alice@example.com", "a link", SECRET)

    for _ in range(2):
        deliver()
        clock.shift(timedelta(days=1))
    deliver()

    mail = PersonMail.objects.get()
    assert (mail.state, mail.body) == (MailState.GIVEN_UP, "")


def test_a_recipient_who_is_refused_for_good_is_not_tried_again(
    alice: User, box: Mailbox
) -> None:
    box.refuses_to = "550 no such person"
    people.write(alice, "nobody@example.com", "a link", SECRET)

    deliver()

    mail = PersonMail.objects.get()
    assert (mail.state, mail.body) == (MailState.GIVEN_UP, "")
    assert "no such person" in mail.error


def test_a_recipient_who_is_refused_for_now_is_tried_again(
    alice: User, box: Mailbox
) -> None:
    box.refuses_to = "450 greylisted, come back"
    people.write(alice, "alice@example.com", "a link", SECRET)

    deliver()

    assert PersonMail.objects.get().state == MailState.WAITING


def test_mails_that_are_switched_off_do_not_leave_later(
    alice: User, row: MailSettings
) -> None:
    people.write(alice, "alice@example.com", "first", SECRET)
    MailSettings.objects.update(is_on=False)
    people.write(alice, "alice@example.com", "second", SECRET)

    assert deliver() == 0
    MailSettings.objects.update(is_on=True)

    assert deliver() == 0
    mail = PersonMail.objects.get()
    assert (mail.state, mail.body) == (MailState.GIVEN_UP, "")


def test_a_claim_keeps_others_away_until_it_ends(
    alice: User, clock: time_machine.Coordinates
) -> None:
    people.write(alice, "alice@example.com", "a link", SECRET)
    pk = PersonMail.objects.get().pk

    first = people.claim(pk)
    assert people.claim(pk) is None
    clock.shift(server.CLAIM)
    second = people.claim(pk)

    assert first
    assert second
    people.settle(first.name, None)  # it was killed, and comes too late
    assert PersonMail.objects.get().state == MailState.WAITING
    people.settle(second.name, None)
    assert PersonMail.objects.get().state == MailState.SENT


def test_a_text_that_fits_no_key_is_given_up(alice: User) -> None:
    people.write(alice, "alice@example.com", "a link", SECRET)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_personmail SET body = 'broken'")

    assert deliver() == 0

    mail = PersonMail.objects.get()
    assert (mail.state, mail.error) == (
        MailState.GIVEN_UP,
        "Its text fits no encryption key.",
    )


def test_a_lost_password_of_the_server_lets_mails_wait(alice: User) -> None:
    people.write(alice, "alice@example.com", "a link", SECRET)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_mailsettings SET password = 'broken'")

    assert deliver() == 0

    mail = PersonMail.objects.get()
    assert (mail.state, mail.error) == (MailState.WAITING, server.UNREADABLE)
