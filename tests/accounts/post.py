"""The post of people in tests: a real mail server, and the job that goes to it."""

from __future__ import annotations

import re

from accounts.enums import MailSecurity
from accounts.mails import people, server
from accounts.models import AccessSettings, MailSettings
from tests.mail_server import Mailbox


def set_up(box: Mailbox) -> MailSettings:
    """Have people's mails sent to this server; operators get none."""
    row = MailSettings.get_solo()
    row.is_on = True
    row.host, row.port, row.security = box.host, box.port, MailSecurity.NONE
    row.sender, row.recipients = "mjproxy@example.com", ""
    row.full_clean()
    row.save()
    return row


def open_sign_up(**fields: object) -> AccessSettings:
    """Let people sign up."""
    row = AccessSettings.get_solo()
    row.sign_up = True
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    return row


def deliver() -> int:
    """Send what is due, as the job does; return how many mails were taken."""
    taken = 0
    for pk in people.due():
        if claim := people.claim(pk):
            failure = server.send(claim.message)
            people.settle(claim.name, failure)
            taken += failure is None
    return taken


def link_in(text: str) -> str:
    """Return the path of the first link of a mail."""
    found = re.search(r"https?://[^/\s]+(/account/\S+)", text)
    assert found, text
    return found[1]
