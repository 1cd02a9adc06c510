"""Write mails to the operator with the move of an account; a job sends them."""

from __future__ import annotations

import logging
import smtplib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import F, Max
from django.urls import reverse
from django.utils import timezone

from accounts.enums import AccountState, MailSecurity, MailState
from accounts.models import MailSettings, OperatorMail
from accounts.models.mails import MOST_RECIPIENTS as MOST_RECIPIENTS
from accounts.models.mails import addresses_in
from accounts.state.links import path_of_todo
from accounts.states import TABLE
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

GATHER: Final = timedelta(seconds=5)  # troubles this close share a mail
PACE: Final = timedelta(minutes=1)  # least time between two mails
ONCE: Final = timedelta(hours=1)  # the same trouble is mailed once in this time
GIVE_UP: Final = timedelta(days=1)
CLAIM: Final = timedelta(minutes=10)  # longer than sending through a slow mail server
LONGEST_PAUSE: Final = timedelta(minutes=10)
MOST_IN_A_MAIL: Final = 50  # further troubles are only counted
TIMEOUT: Final = 15.0  # seconds, for each step with the mail server


def note(
    account_id: int,
    state: AccountState,
    reason: str,
    *,
    again: bool = False,
    rows: Sequence[int] = (),
) -> None:
    """Write a mail about a trouble, once an hour unless `again`.

    Call it in the transaction of the move. `rows` are those of the same Discord user: a
    mail about one of them counts for all.
    """
    if not MailSettings.objects.filter(is_on=True).exists():
        return
    now = timezone.now()
    told = OperatorMail.objects.filter(
        account__in=[account_id, *rows], trouble=state, at__gt=now - ONCE
    )
    if again or not told.exists():
        OperatorMail.objects.create(
            account_id=account_id,
            trouble=state,
            reason=reason,
            at=now,
            next_attempt_at=now + GATHER,
        )


# --- sending -------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """Mails that this process sends as one message; `name` marks their rows."""

    name: str
    message: EmailMessage


def claim_due() -> Claim | None:
    """Claim all waiting mails as one; None if none is due or one was just sent."""
    now = timezone.now()
    waiting = OperatorMail.objects.filter(state=MailState.WAITING)
    if not waiting.filter(next_attempt_at__lte=now).exists():
        return None
    if OperatorMail.objects.filter(sent_at__gt=now - PACE).exists():
        return None
    # One mail at a time. After a failure, new mails wait for the next attempt, too.
    if waiting.filter(attempts__gt=0, next_attempt_at__gt=now + GATHER).exists():
        return None
    row = MailSettings.get_solo()
    if not row.is_on:
        waiting.update(state=MailState.GIVEN_UP, error="Mails are switched off.")
        return None
    name = uuid.uuid4().hex
    waiting.filter(next_attempt_at__lte=now + GATHER).update(
        claim=name, next_attempt_at=now + CLAIM, attempts=F("attempts") + 1
    )
    mine = OperatorMail.objects.filter(claim=name).select_related("account")
    found = list(mine.defer("account__user_token", "account__bot_token").order_by("pk"))
    if not found:
        return None
    try:
        return Claim(name, compose(row, found))
    except UndecryptableSecret:
        settle(name, "The stored password fits no encryption key: enter it again.")
        return None


def send(message: EmailMessage) -> str:
    """Send a mail and return "" or the error. Blocks; each step has a timeout."""
    try:
        message.send()
    except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as exc:
        return line(f"{type(exc).__name__}: {exc}")[:400]
    return ""


def settle(name: str, error: str) -> None:
    """Store the result of a claim: sent, to be sent again, or given up after a day."""
    rows = OperatorMail.objects.filter(claim=name, state=MailState.WAITING)
    now = timezone.now()
    if not error:
        rows.update(state=MailState.SENT, sent_at=now, error="", claim="")
        return
    tries: int = rows.aggregate(most=Max("attempts"))["most"] or 1
    late = rows.filter(at__lt=now - GIVE_UP)
    given_up = late.update(state=MailState.GIVEN_UP, error=error, claim="")
    rows.update(error=error, next_attempt_at=now + pause_after(tries), claim="")
    if given_up:
        logger.error("%d mails to the operator are given up: %s", given_up, error)
    else:
        logger.warning("the operator's mail is sent again later: %s", error)


def give_up(_: int, reason: str) -> None:
    """Give up the mails that were tried and failed, with `reason` as the error."""
    tried = OperatorMail.objects.filter(state=MailState.WAITING, attempts__gt=0)
    tried.update(state=MailState.GIVEN_UP, error=reason[:400], claim="")


def pause_after(tries: int) -> timedelta:
    """Return the pause after this many failed attempts."""
    longest = LONGEST_PAUSE.total_seconds()
    return timedelta(seconds=backoff.delay(tries, first=60.0, longest=longest))


def send_test(row: MailSettings) -> str:
    """Send a test mail and return "" or the error."""
    try:
        return send(_message(row, "mjproxy: a test", "Mails arrive here."))
    except UndecryptableSecret:
        return "The stored password fits no encryption key: enter it again."


# --- texts ----------------------------------------------------------------------------


def compose(row: MailSettings, mails: Sequence[OperatorMail]) -> EmailMessage:
    """Return one mail about all these troubles, oldest first."""
    first = mails[0]
    if len(mails) == 1:
        words = AccountState(first.trouble).label
        subject = f"mjproxy: {line(str(first.account))}: {words}"
    else:
        accounts = {mail.account_id for mail in mails}
        subject = f"mjproxy: {len(accounts)} accounts wait for you"
    parts = [_part(mail) for mail in mails[:MOST_IN_A_MAIL]]
    if len(mails) > MOST_IN_A_MAIL:
        parts.append(f"... and {len(mails) - MOST_IN_A_MAIL} more.")
    if settings.PUBLIC_URL:
        parts.append(f"{settings.PUBLIC_URL}{reverse('admin:index')}")
    return _message(row, subject, "\n\n".join(parts))


def _part(mail: OperatorMail) -> str:
    state = AccountState(mail.trouble)
    todo = TABLE[state]
    lines = [
        f"{line(str(mail.account))}: {state.label}",
        f"Since: {_moment(mail.at)}",
        f"Reason: {line(mail.reason)}",
        f"What to do: {todo.zh} / {todo.en}",
    ]
    if settings.PUBLIC_URL:
        page = path_of_todo(mail.account_id, state)
        lines.append(f"{settings.PUBLIC_URL}{page}")
    return "\n".join(lines)


def line(text: str) -> str:
    """Return text in one line without control characters, safe for a mail header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"


def _message(row: MailSettings, subject: str, body: str) -> EmailMessage:
    connection = EmailBackend(
        host=row.host,
        port=row.port,
        username=row.user,
        password=row.password,
        use_tls=row.security == MailSecurity.STARTTLS,
        use_ssl=row.security == MailSecurity.TLS,
        timeout=TIMEOUT,
    )
    domain = row.sender.rpartition("@")[2] or "mjproxy"
    return EmailMessage(
        subject[:200],
        body,
        row.sender,
        addresses_in(row.recipients),
        connection=connection,
        headers={"Message-ID": make_msgid(domain=domain)},
    )
