"""The operator's mails, through a real talk with a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from accounts.enums import AccountState, MailSecurity, MailState
from accounts.mails import server
from accounts.models import DiscordAccount, MailSettings, OperatorMail
from accounts.models.mails import addresses_in
from accounts.state import changes, mails
from tests.factories import make_account
from tests.mail_server import Mailbox, mail_server

S = AccountState
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
PASSWORD = "open-sesame"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as found:
        yield found


@pytest.fixture(autouse=True)
def row(db: None, box: Mailbox, clock: time_machine.Coordinates) -> MailSettings:
    found = MailSettings.get_solo()
    found.is_on = True
    found.host, found.port, found.security = box.host, box.port, MailSecurity.NONE
    found.user, found.password = "olga", PASSWORD
    found.sender, found.recipients = "mjproxy@example.com", "olga@example.com"
    found.save()
    return found


def send() -> str | None:
    """Send what is due as the job does; return the error, "" or None for nothing."""
    claim = mails.claim_due()
    if claim is None:
        return None
    failure = server.send(claim.message)
    mails.settle(claim.name, failure)
    return failure.text if failure else ""


def wait(clock: time_machine.Coordinates, **parts: float) -> None:
    clock.shift(timedelta(**parts))


# --- what is told --------------------------------------------------------------------


def test_a_trouble_is_mailed(
    account: DiscordAccount,
    box: Mailbox,
    clock: time_machine.Coordinates,
    settings: Settings,
) -> None:
    settings.PUBLIC_URL = "https://draw.example.com"
    changes.trouble(account.pk, S.NO_SUBSCRIPTION, "没有订阅 / no active plan")
    assert send() is None  # what comes within seconds is told together
    wait(clock, seconds=5)

    assert send() == ""

    (mail,) = box.mails
    assert mail["From"] == "mjproxy@example.com"
    assert mail["To"] == "olga@example.com"
    assert mail["Subject"] == f"mjproxy: {account}: Plan ended"
    assert "没有订阅 / no active plan" in box.text()
    assert "renew the plan" in box.text()
    page = f"/admin/accounts/discordaccount/{account.pk}/change/"
    assert f"https://draw.example.com{page}" in box.text()
    assert box.signed_in == [f"olga:{PASSWORD}"]
    assert OperatorMail.objects.get().state == MailState.SENT


@pytest.mark.parametrize("state", [S.DISCONNECTED, S.RESTING, S.DISABLED])
def test_what_needs_nobody_is_not_mailed(account: DiscordAccount, state: S) -> None:
    changes.set_state(account.pk, state)
    changes.trouble(account.pk, S.BLOCKED, "for an hour", NOW + timedelta(hours=1))

    assert not OperatorMail.objects.exists()


def test_without_a_wish_nothing_is_written(
    account: DiscordAccount, row: MailSettings
) -> None:
    MailSettings.objects.update(is_on=False)

    changes.trouble(account.pk, S.PAUSED, "why")

    assert not OperatorMail.objects.exists()


def test_mails_that_are_switched_off_do_not_leave_later(
    account: DiscordAccount, clock: time_machine.Coordinates
) -> None:
    changes.trouble(account.pk, S.PAUSED, "why")
    MailSettings.objects.update(is_on=False)
    wait(clock, seconds=5)

    assert send() is None
    MailSettings.objects.update(is_on=True)

    assert send() is None
    assert OperatorMail.objects.get().state == MailState.GIVEN_UP


def test_a_move_that_is_undone_is_not_mailed(account: DiscordAccount) -> None:
    with transaction.atomic():
        changes.trouble(account.pk, S.PAUSED, "why")
        transaction.set_rollback(True)

    assert not OperatorMail.objects.exists()


def test_a_verification_that_failed_is_told_again(
    account: DiscordAccount, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    changes.trouble(account.pk, S.VERIFICATION, "a captcha")
    changes.update_reason(account.pk, S.VERIFICATION, "it has expired", mail=True)
    wait(clock, seconds=5)

    assert send() == ""

    assert "a captcha" in box.text()
    assert "it has expired" in box.text()


# --- no storm ------------------------------------------------------------------------


def flap(account: DiscordAccount) -> None:
    changes.trouble(account.pk, S.PAUSED, "why")
    changes.release(account.pk, S.PAUSED, by="olga")


def test_the_same_trouble_is_told_once_an_hour(
    account: DiscordAccount, clock: time_machine.Coordinates
) -> None:
    for _ in range(5):
        flap(account)
        wait(clock, minutes=10)
    assert OperatorMail.objects.count() == 1

    wait(clock, minutes=11)
    flap(account)

    assert OperatorMail.objects.count() == 2


def test_many_accounts_make_one_mail(
    box: Mailbox, clock: time_machine.Coordinates
) -> None:
    count = mails.MOST_IN_A_MAIL + 10
    for number in range(count):
        account = make_account(remark=f"number {number} of many")
        changes.trouble(account.pk, S.INVALID_TOKEN, "401")
    wait(clock, seconds=5)

    assert send() == ""

    (mail,) = box.mails
    assert mail["Subject"] == f"mjproxy: {count} accounts wait for you"
    assert box.text().count(" of many: Invalid token") == mails.MOST_IN_A_MAIL
    assert "and 10 more" in box.text()
    assert not OperatorMail.objects.exclude(state=MailState.SENT).exists()


def test_between_two_mails_is_a_minute(
    account: DiscordAccount, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    changes.trouble(account.pk, S.PAUSED, "why")
    wait(clock, seconds=5)
    assert send() == ""
    other = make_account()
    changes.trouble(other.pk, S.PAUSED, "why")

    wait(clock, seconds=30)
    assert send() is None
    wait(clock, seconds=31)

    assert send() == ""
    assert len(box.mails) == 2


# --- a server that fails -------------------------------------------------------------


def test_a_mail_that_is_refused_is_sent_again(
    account: DiscordAccount, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    box.refuses = "451 come back later"
    changes.trouble(account.pk, S.PAUSED, "why")
    wait(clock, seconds=5)
    assert "451" in (send() or "")
    mail = OperatorMail.objects.get()
    assert (mail.state, mail.attempts) == (MailState.WAITING, 1)
    assert "come back later" in mail.error

    box.refuses = ""
    assert send() is None
    wait(clock, minutes=1)

    assert send() == ""
    assert len(box.mails) == 1


def test_a_server_that_is_away_is_tried_for_a_day(
    account: DiscordAccount, clock: time_machine.Coordinates
) -> None:
    MailSettings.objects.update(port=1)
    changes.trouble(account.pk, S.PAUSED, "why")
    tries = 0
    for _ in range(60 * 26):
        wait(clock, minutes=1)
        tries += send() is not None

    mail = OperatorMail.objects.get()
    assert mail.state == MailState.GIVEN_UP
    assert "refused" in mail.error.lower()
    assert 100 < tries == mail.attempts < 200


def test_what_is_new_waits_with_what_could_not_be_sent(
    account: DiscordAccount, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    box.refuses = "554 never"
    changes.trouble(account.pk, S.PAUSED, "why")
    wait(clock, seconds=5)
    send()
    other = make_account()
    changes.trouble(other.pk, S.PAUSED, "why")
    wait(clock, seconds=10)
    assert send() is None

    box.refuses = ""
    wait(clock, minutes=1)

    assert send() == ""
    assert box.mails[0]["Subject"] == "mjproxy: 2 accounts wait for you"


def test_a_killed_sender_loses_no_mail(
    account: DiscordAccount, box: Mailbox, clock: time_machine.Coordinates
) -> None:
    changes.trouble(account.pk, S.PAUSED, "why")
    wait(clock, seconds=5)
    assert mails.claim_due() is not None  # and then it is killed
    assert send() is None

    wait(clock, seconds=server.CLAIM.total_seconds())

    assert send() == ""
    assert len(box.mails) == 1


# --- hostile -------------------------------------------------------------------------

MANY = " ".join(f"p{n}@example.com" for n in range(mails.MOST_RECIPIENTS + 1))
ODD = [
    "x\r\nBcc: thief@example.com",
    "x\nSubject: other\n\nanother body",
    "\u2028\u2029\x00\x1b[2J\u202e",
    "=?utf-8?q?x=0d=0aBcc:_thief@example.com?=",
    "红" * 200,
    "\ud800",
]


@pytest.mark.parametrize("words", ODD, ids=range(len(ODD)))
def test_odd_words_are_no_headers_and_no_lines(
    box: Mailbox, clock: time_machine.Coordinates, row: MailSettings, words: str
) -> None:
    account = DiscordAccount(pk=7, remark=words, channel_id="1")
    trouble = OperatorMail(
        account=account, trouble=S.PAUSED, reason=f"{words}\nWhat to do: pay", at=NOW
    )

    assert server.send(mails.compose(row, [trouble])) is None

    (mail,) = box.mails
    assert box.recipients == [["TO:<olga@example.com>"]]
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject", [])) == 1
    assert mail["Subject"].strip().startswith("mjproxy: ")
    assert "\r\nBcc:" not in mail.as_string()
    todo = [line for line in box.text().splitlines() if line.startswith("What to do")]
    assert len(todo) == 1
    assert "pay" not in todo[0]


def test_no_secret_is_in_a_mail_nor_in_the_row(
    box: Mailbox, clock: time_machine.Coordinates, row: MailSettings
) -> None:
    account = make_account(user_token="very-secret", proxy_url="http://u:pass@h:1")
    changes.trouble(account.pk, S.INVALID_TOKEN, "401")
    wait(clock, seconds=5)
    send()

    seen = box.mails[0].as_string() + box.text()
    assert not [s for s in ("very-secret", "pass@h", PASSWORD) if s in seen]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_mailsettings")
        assert PASSWORD not in str(cursor.fetchall())


def test_a_password_that_cannot_be_read_is_said(
    account: DiscordAccount, clock: time_machine.Coordinates
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_mailsettings SET password = 'of another key'")
    changes.trouble(account.pk, S.PAUSED, "why")
    wait(clock, seconds=5)

    assert send() is None

    mail = OperatorMail.objects.get()
    assert mail.state == MailState.WAITING
    assert "enter it again" in mail.error


# --- settings ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"host": ""}, "host"),
        ({"host": "mail.example.com\r\nX: y"}, "host"),
        ({"host": "a b"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"sender": ""}, "sender"),
        ({"sender": "Olga <olga@example.com>\r\nBcc: x@example.com"}, "sender"),
        ({"recipients": "olga"}, "recipients"),
        ({"recipients": MANY}, "recipients"),
        ({"recipients": "a@example.com\nBcc: b@example.com"}, "recipients"),
        ({"security": "some"}, "security"),
    ],
)
def test_wrong_settings_are_named(
    row: MailSettings, fields: dict[str, Any], wrong: str
) -> None:
    for name, value in fields.items():
        setattr(row, name, value)

    with pytest.raises(ValidationError) as caught:
        row.full_clean()

    assert set(caught.value.message_dict) == {wrong}


def test_addresses_are_parted_as_people_write_them() -> None:
    assert addresses_in("a@x.y, b@x.y;c@x.y\r\n a@x.y\n") == ["a@x.y", "b@x.y", "c@x.y"]


def test_a_test_mail_says_why_it_could_not_be_sent(
    row: MailSettings, box: Mailbox
) -> None:
    assert mails.send_test(row) == ""
    assert box.mails[0]["Subject"] == "mjproxy: a test"

    box.refuses = "550 who\x1b are you"

    assert "550" in mails.send_test(row)
    assert mails.send_test(row).isprintable()
