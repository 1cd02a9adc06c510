"""Rows with valid defaults. Every argument replaces a field."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from django.utils import timezone

from accounts.enums import AccountState
from accounts.exceptions import KeyRefused
from accounts.models import DiscordAccount, User
from accounts.people.keys import owner_of
from tasks.enums import TaskAction, TaskStatus
from tasks.models import BannedWordGroup, Task
from tasks.webhooks.hooks import host_of

_counter = itertools.count(1)


def make_user(name: str = "", **fields: Any) -> User:
    return User.objects.create(username=name or f"user{next(_counter)}", **fields)


def user_of_key(key: str) -> User | None:
    """Return the user who may come in with a key, or None."""
    try:
        found = owner_of([key])
    except KeyRefused:
        return None
    return found[0] if found else None


def ban(*words: str) -> BannedWordGroup:
    """Return a group that bans words."""
    return BannedWordGroup.objects.create(name="banned", keywords=list(words))


def make_account(**fields: Any) -> DiscordAccount:
    """Return an account that is connected and draws."""
    number = next(_counter)
    values: dict[str, Any] = {
        "guild_id": "1118138338562560101",
        "channel_id": str(1_118_138_338_562_600_000 + number),
        "user_token": f"token-{number}",
        "state": AccountState.READY,
    }
    return DiscordAccount.objects.create(**(values | fields))


def make_task(owner: User, **fields: Any) -> Task:
    """Return an imagine task that waits for its turn."""
    values: dict[str, Any] = {
        "action": TaskAction.IMAGINE,
        "prompt": "a red fox",
        "prompt_en": "a red fox",
        "description": "/imagine a red fox",
    }
    hook = fields.get("notify_hook") or fields.get("operator_hook", "")
    values["hook_host"] = host_of(hook)
    return Task.objects.create(owner=owner, **(values | fields))


def make_finished(owner: User, **fields: Any) -> Task:
    """Return a grid that was drawn, with the buttons of one."""
    job_id = fields.pop("job_id", str(uuid.uuid4()))
    now = timezone.now()
    values: dict[str, Any] = {
        "status": TaskStatus.SUCCESS,
        "progress": 100,
        "started_at": now,
        "finished_at": now,
        "final_prompt": "a red fox --v 6.1",
        "job_id": job_id,
        "message_id": str(1_300_000_000_000_000_000 + next(_counter)),
        "picture_source": f"https://cdn.discordapp.com/attachments/1/2/{job_id}.png",
        "picture_type": "image/png",
        "buttons": grid_buttons(job_id),
    }
    return make_task(owner, **(values | fields))


def grid_buttons(job_id: str) -> list[dict[str, object]]:
    rows = [("upsample", "U"), ("variation", "V")]
    found = [
        _button(f"MJ::JOB::{word}::{index}::{job_id}", f"{letter}{index}")
        for word, letter in rows
        for index in (1, 2, 3, 4)
    ]
    reroll = _button(f"MJ::JOB::reroll::0::{job_id}::SOLO", "", emoji="🔄")
    return [*found[:4], reroll, *found[4:]]


def _button(custom_id: str, label: str, emoji: str = "") -> dict[str, object]:
    return {
        "customId": custom_id,
        "emoji": emoji,
        "label": label,
        "type": 2,
        "style": 2,
    }
