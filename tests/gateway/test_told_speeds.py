"""The speed of a task: as asked for, then as Midjourney says."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient, handle
from gateway.protocol.constants import Event
from tasks.enums import TaskAction, WindowState
from tasks.models import Task
from tests.factories import make_finished
from tests.gateway import wire
from tests.gateway.rows import again, make_pressed, make_running

SHOWN, RESULT = "1311111111111118001", "1311111111111118002"


def started(recipient: Recipient, task: Task, mode: str = "") -> Task:
    said = wire.progress(SHOWN, 31, nonce=task.nonce)
    if mode:
        said["content"] = said["content"].replace("(fast)", mode)
    handle(recipient, Event.MESSAGE_CREATE, said)
    return again(task)


def drawn(recipient: Recipient, task: Task, mode: str) -> Task:
    handle(
        recipient,
        Event.MESSAGE_CREATE,
        wire.final(RESULT, mode=mode, nonce=task.nonce),
    )
    return again(task)


@pytest.mark.parametrize("action", [TaskAction.IMAGINE, TaskAction.BLEND])
@pytest.mark.parametrize(
    ("said", "mode"),
    [
        (" (fast)", "FAST"),
        (" (relaxed)", "RELAX"),
        (" (turbo)", "TURBO"),
        (" (fast, stealth)", "FAST"),
    ],
)
def test_what_midjourney_says_counts(
    alice: User,
    account: DiscordAccount,
    recipient: Recipient,
    action: TaskAction,
    said: str,
    mode: str,
) -> None:
    asked = {"mode": "RELAX", "requested_mode": "RELAX", "action": action}
    task = make_running(alice, account, **asked)

    task = drawn(recipient, task, said)

    assert (task.mode, task.requested_mode) == (mode, "RELAX")


def test_it_is_told_while_the_picture_is_drawn(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    task = make_running(alice, account, mode="RELAX", action=TaskAction.BLEND)

    assert started(recipient, task).mode == "FAST"


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({"action": TaskAction.IMAGINE}, "RELAX"),
        ({"action": TaskAction.VIDEO}, "RELAX"),
        ({"action": TaskAction.BLEND}, ""),
        ({"custom_id": "MJ::x", "action": TaskAction.PAN}, ""),
        (
            {
                "custom_id": "MJ::x",
                "action": TaskAction.PAN,
                "window": WindowState.ANSWERED,
            },
            "RELAX",
        ),
    ],
)
def test_what_was_asked_counts_only_where_it_was_sent(
    alice: User,
    account: DiscordAccount,
    recipient: Recipient,
    fields: dict[str, Any],
    mode: str,
) -> None:
    task = make_running(alice, account, mode="RELAX", **fields)

    assert drawn(recipient, task, "").mode == mode


def test_a_picture_out_of_a_grid_has_the_speed_of_the_grid(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    parent = make_finished(alice, account=account, mode="FAST")
    upscale = TaskAction.UPSCALE
    task = make_pressed(
        alice, account, "upsample", action=upscale, mode="RELAX", parent=parent
    )

    handle(
        recipient,
        Event.MESSAGE_CREATE,
        wire.final(RESULT, said="Image #1 ", mode="", nonce=task.nonce),
    )

    assert again(task).mode == "FAST"
