"""Mails to people: written with what they are about; a job sends each by itself."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.enums import MailState
from accounts.mails import server
from accounts.models import MailSettings, PersonMail, User
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.process.nudge import nudge

logger = logging.getLogger(__name__)

AT_ONCE: Final = 20  # mails that one job looks at


def can_be_sent() -> bool:
    """Tell whether a mail server is set up and mails are switched on."""
    return MailSettings.objects.filter(is_on=True).exclude(host="").exists()


def write(user: User, to: str, subject: str, body: str) -> None:
    """Write a mail to a person. Call it in the transaction of what it is about.

    Where mails are switched off nothing is written, because nothing may leave later.
    """
    if not can_be_sent():
        logger.warning("user %s gets no mail: mails are switched off", user.pk)
        return
    now = timezone.now()
    subject = server.line(subject)[:200]
    mail = PersonMail.objects.create(
        user=user, to=to, subject=subject, body=body, at=now, next_attempt_at=now
    )
    transaction.on_commit(partial(nudge, "accounts.send_person_mail", mail.pk))


def is_delayed() -> bool:
    """Tell whether mails wait because the mail server did not take the newest one.

    An older one may wait for its next try, though the server takes mails again.
    """
    being_sent = Q(state=MailState.WAITING, error="")
    tried = PersonMail.objects.filter(attempts__gt=0).exclude(being_sent)
    newest = tried.order_by("-pk").values_list("state", flat=True).first()
    return newest == MailState.WAITING or not can_be_sent()


# --- sending -------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A mail that this process sends; `name` marks its row."""

    name: str
    message: EmailMessage


def due() -> list[int]:
    """Return the ids of mails to send now, those that wait longest first."""
    rows = PersonMail.objects.filter(
        state=MailState.WAITING, next_attempt_at__lte=timezone.now()
    )
    oldest = rows.order_by("next_attempt_at", "pk")[:AT_ONCE]
    return list(oldest.values_list("pk", flat=True))


def claim(pk: int) -> Claim | None:
    """Claim a mail, if it is due and no other process has it."""
    row = MailSettings.get_solo()
    waiting = PersonMail.objects.filter(pk=pk, state=MailState.WAITING)
    if not row.is_on:
        waiting.update(
            state=MailState.GIVEN_UP, body="", error="Mails are switched off."
        )
        return None
    now, name = timezone.now(), uuid.uuid4().hex
    taken = waiting.filter(next_attempt_at__lte=now).update(
        claim=name, next_attempt_at=now + server.CLAIM, attempts=F("attempts") + 1
    )
    if not taken:
        return None
    mail = PersonMail.objects.get(claim=name)
    try:
        body = str(mail.body)
    except UndecryptableSecret:
        text = "Its text fits no encryption key."
        settle(name, server.Failure(text, is_final=True))
        return None
    try:
        return Claim(name, server.message(row, mail.subject, body, [mail.to]))
    except UndecryptableSecret:
        settle(name, server.Failure(server.UNREADABLE))
        return None


def settle(name: str, failure: server.Failure | None) -> None:
    """Store the result of a claim: sent, to be sent again, or given up."""
    rows = PersonMail.objects.filter(claim=name, state=MailState.WAITING)
    now = timezone.now()
    if failure is None:
        rows.update(state=MailState.SENT, sent_at=now, body="", error="", claim="")
        return
    mail = rows.defer("body").first()
    if mail is None:
        return
    text = failure.text[:400]
    if failure.is_final or mail.at < now - server.GIVE_UP:
        rows.update(state=MailState.GIVEN_UP, body="", error=text, claim="")
        logger.error("mail %s to user %s is given up", mail.pk, mail.user_id)
        return
    pause = server.pause_after(mail.attempts)
    rows.update(error=text, next_attempt_at=now + pause, claim="")
    logger.warning("mail %s to user %s is sent again later", mail.pk, mail.user_id)


def give_up(pk: int, reason: str) -> None:
    """Give up a mail, with `reason` as the error."""
    rows = PersonMail.objects.filter(pk=pk, state=MailState.WAITING)
    rows.update(state=MailState.GIVEN_UP, body="", error=reason[:400], claim="")
