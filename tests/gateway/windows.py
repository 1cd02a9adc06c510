"""Windows of buttons: the presses, the events that tell of them, the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient, handle
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import Event
from gateway.sending import window_answers
from gateway.timing import REQUEST_LIFE
from mjproxy.lib.process import event_loop
from tasks.enums import TaskAction, WindowState
from tasks.models import Task
from tests.gateway.rows import again, make_pressed
from tests.gateway.wire import PARENT_JOB

MODAL, PAGE = (
    Event.INTERACTION_MODAL_CREATE,
    Event.INTERACTION_IFRAME_MODAL_CREATE,
)
CLICK, ANSWER, PROGRESS = (
    "1311111111111114001",
    "1311111111111114002",
    "1311111111114003",
)
WINDOW = f"MJ::RemixModal::{PARENT_JOB}::1::1"
FIELD = "MJ::RemixModal::new_prompt"
EXPIRED = Answer(Verdict.REFUSED, "Discord 404: Unknown (10062)", status=404)


def press(alice: User, account: DiscordAccount, **fields: Any) -> Task:
    values = {
        "action": TaskAction.VARIATION,
        "window": WindowState.EXPECTED,
        "prompt_en": "a blue fox",
    }
    return make_pressed(alice, account, "variation", **(values | fields))


def modal(task: Task, value: str = "what Midjourney offers") -> dict[str, Any]:
    entry = {"type": 4, "custom_id": FIELD, "value": value}
    return {
        "id": CLICK,
        "nonce": task.nonce,
        "custom_id": WINDOW,
        "components": [{"type": 1, "components": [entry]}],
    }


def opened(recipient: Recipient, task: Task, **fields: Any) -> Task:
    handle(recipient, MODAL, modal(task) | fields)
    return again(task)


def answered(task: Task) -> Task:
    event_loop.run(window_answers.answer(task.pk))
    return again(task)


def long_ago(task: Task, **fields: Any) -> Task:
    moment = timezone.now() - REQUEST_LIFE - timedelta(seconds=1)
    Task.objects.filter(pk=task.pk).update(claimed_at=moment, **fields)
    return again(task)
