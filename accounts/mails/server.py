"""Talk to the mail server of the settings."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr, make_msgid
from typing import Final

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from accounts.enums import MailSecurity
from accounts.models import MailSettings
from mjproxy.lib.last_answers import Service, note
from mjproxy.lib.process import backoff

GIVE_UP: Final = timedelta(days=1)
CLAIM: Final = timedelta(minutes=10)  # longer than sending through a slow mail server
LONGEST_PAUSE: Final = timedelta(minutes=10)
TIMEOUT: Final = 15.0  # seconds, for each step with the mail server
UNREADABLE: Final = "The stored password fits no encryption key: enter it again."
_FINAL: Final = 500  # SMTP: codes from here on will not change by another try


@dataclass(frozen=True)
class Failure:
    """Why a mail was not taken; `is_final` means that it never will be."""

    text: str
    is_final: bool = False


def message(
    row: MailSettings, subject: str, body: str, to: Sequence[str]
) -> EmailMessage:
    """Return a mail with its connection. Raises UndecryptableSecret."""
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
        formataddr((row.sender_name, row.sender)),
        list(to),
        connection=connection,
        headers={"Message-ID": make_msgid(domain=domain)},
    )


def send(mail: EmailMessage) -> Failure | None:
    """Send a mail; return why it was not taken. Blocks; each step has a timeout."""
    failure = _sent(mail)
    note(Service.MAIL, failure.text if failure else "")
    return failure


def _sent(mail: EmailMessage) -> Failure | None:
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as exc:
        codes = [code for code, _ in exc.recipients.values()]
        return Failure(_said(exc), is_final=min(codes, default=0) >= _FINAL)
    except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as exc:
        return Failure(_said(exc))
    return None


def pause_after(tries: int) -> timedelta:
    """Return the pause after this many failed attempts."""
    longest = LONGEST_PAUSE.total_seconds()
    return timedelta(seconds=backoff.delay(tries, first=60.0, longest=longest))


def line(text: str) -> str:
    """Return text in one line without control characters, safe for a mail header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _said(error: Exception) -> str:
    return line(f"{type(error).__name__}: {error}")[:400]
