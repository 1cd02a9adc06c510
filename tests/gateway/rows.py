"""Factories of rows in the states that the gateway meets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.models import CommandIndex, GatewaySession
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from mjproxy.lib.ids import new_nonce
from tasks.enums import Delivery, TaskAction, TaskStatus
from tasks.models import Task
from tasks.prompts import text
from tests.factories import make_task
from tests.gateway.wire import PARENT_JOB, PROMPT, US

GRID = "1311111111111111001"

COMMANDS = [
    {
        "id": "1311111111111110101",
        "version": "1311111111111110102",
        "name": "imagine",
        "type": 1,
        "application_id": MIDJOURNEY_APP,
    },
    {
        "id": "1311111111111110201",
        "version": "1311111111111110202",
        "name": "imagine",
        "type": 1,
        "application_id": NIJI_APP,
    },
    {
        "id": "1311111111111110301",
        "version": "1311111111111110302",
        "name": "Cancel Job",
        "type": 3,
        "application_id": MIDJOURNEY_APP,
    },
]


def make_waiting(
    owner: User, account: DiscordAccount, prompt: str = PROMPT, **fields: Any
) -> Task:
    """Return an imagine task that waits for its turn."""
    values = {
        "account": account,
        "prompt": prompt,
        "prompt_en": prompt,
        "echo_key": text.echo_key(prompt),
    }
    return make_task(owner, **(values | fields))


def make_running(
    owner: User, account: DiscordAccount, prompt: str = PROMPT, **fields: Any
) -> Task:
    """Return a task whose interaction has just been posted."""
    now = timezone.now()
    values = {
        "status": TaskStatus.SUBMITTED,
        "nonce": new_nonce(),
        "delivery": Delivery.SENDING,
        "claimed_at": now,
        "attempts": 1,
        "progress": 0,
        "deadline_at": now + timedelta(minutes=10),
    }
    return make_waiting(owner, account, prompt, **(values | fields))


def make_pressed(
    owner: User,
    account: DiscordAccount,
    verb: str,
    index: int = 1,
    *,
    action: TaskAction,
    **fields: Any,
) -> Task:
    """Return a task that has just pressed a button of the grid `GRID`."""
    values = {
        "action": action,
        "parent_message_id": GRID,
        "custom_id": f"MJ::JOB::{verb}::{index}::{PARENT_JOB}",
        "echo_key": f"{GRID}/{verb}/{index}",
    }
    return make_running(owner, account, **(values | fields))


def make_session(account: DiscordAccount, **fields: Any) -> GatewaySession:
    """Return the session of an account whose socket a living process holds."""
    now = timezone.now()
    values: dict[str, Any] = {
        "holder": "gateway-1",
        "lease_until": now + timedelta(minutes=1),
        "fence": 1,
        "session_id": "5e55105e",
        "seq": 1,
        "user_id": US,
        "is_live": True,
        "unbroken_since": now - timedelta(hours=1),
    }
    return GatewaySession.objects.create(account=account, **(values | fields))


def make_index(account: DiscordAccount) -> CommandIndex:
    return CommandIndex.objects.create(account=account, commands=COMMANDS)


def again(task: Task) -> Task:
    """Return the row as it is now."""
    return Task.objects.select_related("account").get(pk=task.pk)
