"""Write mails to the operator with the move of an account; a job sends them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Max
from django.urls import reverse
from django.utils import timezone

from accounts.enums import AccountState, MailState
from accounts.mails import server
from accounts.mails.server import CLAIM, GIVE_UP, Failure, line
from accounts.models import MailSettings, OperatorMail, Payment
from accounts.models.mails import DISPUTE, addresses_in
from accounts.models.mails import MOST_RECIPIENTS as MOST_RECIPIENTS
from accounts.state.links import path_of_todo
from accounts.states import TABLE
from mjproxy.lib.db.encrypted_field import UndecryptableSecret

logger = logging.getLogger(__name__)

GATHER: Final = timedelta(seconds=5)  # troubles this close share a mail
PACE: Final = timedelta(minutes=1)  # least time between two mails
ONCE: Final = timedelta(hours=1)  # the same trouble is mailed once in this time
MOST_IN_A_MAIL: Final = 50  # further troubles are only counted


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
    if not _is_wished():
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


def note_dispute(payment: Payment, reason: str) -> None:
    """Write a mail about a disputed payment, in the transaction that notes it."""
    if _is_wished():
        now = timezone.now()
        OperatorMail.objects.create(
            payment=payment,
            trouble=DISPUTE,
            reason=reason[:400],
            at=now,
            next_attempt_at=now + GATHER,
        )


def _is_wished() -> bool:
    return MailSettings.objects.filter(is_on=True).exclude(recipients="").exists()


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
    if not (row.is_on and addresses_in(row.recipients)):
        waiting.update(state=MailState.GIVEN_UP, error="Mails are switched off.")
        return None
    name = uuid.uuid4().hex
    waiting.filter(next_attempt_at__lte=now + GATHER).update(
        claim=name, next_attempt_at=now + CLAIM, attempts=F("attempts") + 1
    )
    mine = OperatorMail.objects.filter(claim=name).select_related("account", "payment")
    found = list(mine.defer("account__user_token", "account__bot_token").order_by("pk"))
    if not found:
        return None
    try:
        return Claim(name, compose(row, found))
    except UndecryptableSecret:
        settle(name, Failure(server.UNREADABLE))
        return None


def settle(name: str, failure: Failure | None) -> None:
    """Store the result of a claim: sent, to be sent again, or given up after a day."""
    rows = OperatorMail.objects.filter(claim=name, state=MailState.WAITING)
    now = timezone.now()
    if failure is None:
        rows.update(state=MailState.SENT, sent_at=now, error="", claim="")
        return
    error = failure.text
    tries: int = rows.aggregate(most=Max("attempts"))["most"] or 1
    late = rows.filter(at__lt=now - GIVE_UP)
    given_up = late.update(state=MailState.GIVEN_UP, error=error, claim="")
    pause = server.pause_after(tries)
    rows.update(error=error, next_attempt_at=now + pause, claim="")
    if given_up:
        logger.error("%d mails to the operator are given up: %s", given_up, error)
    else:
        logger.warning("the operator's mail is sent again later: %s", error)


def give_up(_: int, reason: str) -> None:
    """Give up the mails that were tried and failed, with `reason` as the error."""
    tried = OperatorMail.objects.filter(state=MailState.WAITING, attempts__gt=0)
    tried.update(state=MailState.GIVEN_UP, error=reason[:400], claim="")


def send_test(row: MailSettings) -> str:
    """Send a test mail to the recipients, or to the sender; return "" or the error."""
    to = addresses_in(row.recipients) or [row.sender]
    try:
        mail = server.message(row, "mjproxy: a test", "Mails arrive here.", to)
    except UndecryptableSecret:
        return server.UNREADABLE
    failure = server.send(mail)
    return failure.text if failure else ""


# --- texts ----------------------------------------------------------------------------


def compose(row: MailSettings, mails: Sequence[OperatorMail]) -> EmailMessage:
    """Return one mail about all these troubles, oldest first."""
    first = mails[0]
    if len(mails) == 1:
        subject = f"mjproxy: {_headline(first)}"
    elif any(mail.payment_id for mail in mails):
        subject = f"mjproxy: {len(mails)} matters wait for you"
    else:
        accounts = {mail.account_id for mail in mails}
        subject = f"mjproxy: {len(accounts)} accounts wait for you"
    parts = [_part(mail) for mail in mails[:MOST_IN_A_MAIL]]
    if len(mails) > MOST_IN_A_MAIL:
        parts.append(f"... and {len(mails) - MOST_IN_A_MAIL} more.")
    if settings.PUBLIC_URL:
        parts.append(f"{settings.PUBLIC_URL}{reverse('admin:index')}")
    to = addresses_in(row.recipients)
    return server.message(row, subject, "\n\n".join(parts), to)


def _headline(mail: OperatorMail) -> str:
    about = mail.payment or mail.account
    return f"{line(str(about))}: {mail.get_trouble_display()}"


def _part(mail: OperatorMail) -> str:
    todo, page = _todo(mail)
    lines = [
        _headline(mail),
        f"Since: {_moment(mail.at)}",
        f"Reason: {line(mail.reason)}",
        f"What to do: {todo}",
    ]
    if settings.PUBLIC_URL:
        lines.append(f"{settings.PUBLIC_URL}{page}")
    return "\n".join(lines)


def _todo(mail: OperatorMail) -> tuple[str, str]:
    """Return what a person should do, and the path of the page for it."""
    if mail.account_id is None:
        page = reverse("admin:accounts_payment_changelist")
        return "请到支付服务处理争议 / Answer it at the payment service", page
    state = AccountState(mail.trouble)
    todo = TABLE[state]
    return f"{todo.zh} / {todo.en}", path_of_todo(mail.account_id, state)


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"
