"""The job's part of the mails: claimed, sent and settled in a process of its own."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.enums import MailSecurity, MailState
from accounts.mails import server
from accounts.models import MailSettings, OperatorMail
from accounts.state import send_mails
from mjproxy.lib.db.threads import in_thread
from tests.factories import make_account
from tests.mail_server import mail_server

pytestmark = pytest.mark.django_db(transaction=True)


def write(port: int) -> None:
    row = MailSettings.get_solo()
    row.is_on, row.host, row.port = True, "127.0.0.1", port
    row.security = MailSecurity.NONE
    row.sender = row.recipients = "olga@example.com"
    row.save()
    account, now = make_account(), timezone.now()
    OperatorMail.objects.create(
        account=account, trouble="paused", at=now, next_attempt_at=now
    )


async def test_what_is_due_is_sent_once() -> None:
    with mail_server() as box:
        await in_thread(write, box.port)

        await send_mails.send_due()
        await send_mails.send_due()

        assert len(box.mails) == 1
    mail = await in_thread(OperatorMail.objects.get)
    assert mail.state == MailState.SENT


async def test_a_failure_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    await in_thread(write, 1)
    monkeypatch.setattr(server, "TIMEOUT", 2.0)

    await send_mails.send_due()

    mail = await in_thread(OperatorMail.objects.get)
    assert (mail.state, mail.attempts) == (MailState.WAITING, 1)
    assert mail.error
