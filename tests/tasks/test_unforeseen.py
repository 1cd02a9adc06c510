"""Unforeseen errors in hooks, pictures and mails: the work ends after a few tries."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.enums import AccountState, MailState
from accounts.models import DiscordAccount, MailSettings, OperatorMail, User
from accounts.state import mails, send_mails
from mjproxy.lib import faults
from mjproxy.lib.faults import MOST
from mjproxy.lib.process import event_loop
from tasks.enums import DeliveryState
from tasks.models import Task, WebhookDelivery
from tasks.pictures import cdn
from tasks.pictures.cdn import Picture
from tasks.pictures.store import TRY_AGAIN
from tasks.webhooks import posting, signing, statements, states
from tasks.wire import task_bytes
from tests import nudged
from tests.factories import make_finished
from tests.tasks.webhook_calls import deliver, deliver_woken, have_news

pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png"


@pytest.fixture(autouse=True)
def _no_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "is_resting", lambda _: False)
    monkeypatch.setattr(event_loop, "spawn", event_loop.run)


def tracebacks(caplog: pytest.LogCaptureFixture) -> int:
    return sum(bool(record.exc_info) for record in caplog.records)


@pytest.mark.parametrize(
    ("module", "broken"),
    [
        (statements, "read"),
        (states, "_taken"),
        (states, "task_bytes"),
        (signing, "ensure_webhook_secret"),
        (posting, "_headers"),
    ],
)
def test_a_hook_that_cannot_be_called_is_given_up(
    alice: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    broken: str,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    task = make_finished(alice, notify_hook="http://127.0.0.1:9/hook")
    have_news(task)
    monkeypatch.setattr(module, broken, lambda *_: 1 / 0)
    if broken in ("read", "_taken"):  # after a claim at once that has failed too
        monkeypatch.setattr(statements, "claim", lambda *_: 1 / 0)

    for _ in range(MOST):
        Task.objects.update(hook_claimed_until=None)
        deliver_woken(task)

    call = WebhookDelivery.objects.get()
    assert call.state == DeliveryState.GIVEN_UP
    assert "ZeroDivisionError" in call.error
    assert tracebacks(caplog) == 1


def test_one_hook_that_breaks_holds_up_no_other(
    alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    broken, task = (
        make_finished(alice, notify_hook="http://127.0.0.1:9/hook") for _ in range(2)
    )
    have_news(broken, task)

    def breaks(called: Task) -> Any:
        return 1 / 0 if called == broken else task_bytes(called)

    monkeypatch.setattr(states, "task_bytes", breaks)

    deliver(task)

    assert WebhookDelivery.objects.get().task == task
    assert WebhookDelivery.objects.get().attempts == 1


@pytest.fixture
def drawn(alice: User, settings: Settings, tmp_path: Path) -> Task:
    settings.MEDIA_ROOT = tmp_path
    return make_finished(alice, picture_source=SOURCE)


def keep(
    task: Task, monkeypatch: pytest.MonkeyPatch, error: Exception, times: int = MOST
) -> Task:
    """Try to keep a picture whose bytes cannot be stored."""

    async def download(*_: Any) -> Picture:
        return Picture("image/png", Path("found.png"))

    def write(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(cdn, "download", download)
    monkeypatch.setattr("tasks.pictures.kept.writing.write", write)
    for _ in range(times):
        Task.objects.update(picture_next_at=None)
        nudged.do("tasks.keep_picture", task.pk)
    task.refresh_from_db()
    return task


def test_a_picture_that_cannot_be_kept_is_given_up(
    drawn: Task, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    task = keep(drawn, monkeypatch, ZeroDivisionError())

    assert task.picture_tries == len(TRY_AGAIN)
    assert tracebacks(caplog) == 1


def test_a_disk_that_is_full_is_tried_again_for_long(
    drawn: Task, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = OSError(28, "No space left on device")

    task = keep(drawn, monkeypatch, full, MOST + 2)

    assert task.picture_tries == MOST + 2 < len(TRY_AGAIN)
    assert tracebacks(caplog) == 0


def test_a_mail_that_cannot_be_made_is_given_up(
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    MailSettings.objects.update_or_create(
        pk=1,
        defaults={
            "is_on": True,
            "host": "127.0.0.1",
            "sender": "a@example.com",
            "recipients": "b@example.com",
        },
    )
    long_ago = timezone.now() - timedelta(minutes=10)
    OperatorMail.objects.create(
        account=account,
        trouble=AccountState.PAUSED,
        at=long_ago,
        next_attempt_at=long_ago,
    )
    monkeypatch.setattr(mails, "compose", lambda *_: 1 / 0)

    for _ in range(MOST):
        OperatorMail.objects.update(next_attempt_at=long_ago)
        asyncio.run(send_mails.send_due())

    mail = OperatorMail.objects.get()
    assert mail.state == MailState.GIVEN_UP
    assert "ZeroDivisionError" in mail.error
    assert tracebacks(caplog) == 1
