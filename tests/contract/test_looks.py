"""Looks at tasks in every state, as each client reads them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import TaskStatus
from tasks.services import advance
from tests.contract.cases import Case, cases, each_client
from tests.contract.clients.base import Client
from tests.contract.conftest import Deliver
from tests.contract.scene import (
    Scene,
    make_described,
    make_shortened,
)
from tests.factories import make_account, make_task

OPEN: Final[dict[TaskStatus, dict[str, Any]]] = {
    TaskStatus.NOT_START: {},
    TaskStatus.MODAL: {"prompt": "", "prompt_en": ""},
    TaskStatus.SUBMITTED: {"started_at": timezone.now()},
    TaskStatus.IN_PROGRESS: {
        "started_at": timezone.now(),
        "progress": 31,
        "preview_source": "https://cdn.discordapp.com/attachments/1/2/p.webp",
    },
}
looking = each_client(lambda client: client.looks)


@cases("GET task/{id}/fetch")
def test_a_finished_task_is_read(deliver: Deliver, scene: Scene, case: Case) -> None:
    look = case.client.seen(deliver(case.request(scene)))

    assert (look.over, look.failed, look.reason) == (True, False, "")
    assert look.picture.startswith("http://testserver/images/")


@pytest.mark.parametrize("status", OPEN)
@looking
def test_an_open_task_is_neither_over_nor_failed(
    deliver: Deliver, drawer: User, client: Client, status: TaskStatus
) -> None:
    task = make_task(drawer, account=make_account(), status=status, **OPEN[status])

    look = client.seen(deliver(client.look(str(task.pk))))

    assert (look.over, look.failed, look.reason) == (False, False, "")
    if status == TaskStatus.IN_PROGRESS:
        assert look.percent in (31, None)
        assert look.picture.endswith("-31.webp")
    assert look.opens_window == (
        status == TaskStatus.MODAL and client.letter in ("L", "W")
    )


@looking
def test_a_failed_task_says_why(deliver: Deliver, drawer: User, client: Client) -> None:
    task = make_task(drawer, account=make_account())
    advance(task.pk, TaskStatus.FAILURE, fail_reason="queue is full")

    look = client.seen(deliver(client.look(str(task.pk))))

    if client.knows_failure:
        assert (look.over, look.failed) == (True, True)
        assert look.reason == "queue is full"
    else:
        assert not look.over


@looking
def test_buttons_of_a_single_picture_are_read(
    deliver: Deliver, scene: Scene, client: Client
) -> None:
    look = client.seen(deliver(client.look(str(scene.single.pk))))

    assert (look.over, look.failed) == (True, False)


@looking
def test_a_description_is_read(deliver: Deliver, drawer: User, client: Client) -> None:
    task = make_described(drawer, make_account())

    answer = deliver(client.look(str(task.pk)))

    assert client.seen(answer).picture
    assert '"prompt":"1️⃣ a red fox --ar 1:1'.encode() in answer.body
    assert '"finalPrompt":"1️⃣ a red fox --ar 1:1'.encode() in answer.body


@each_client(lambda client: client.letter in "DWN")
def test_a_shortened_prompt_is_read(
    deliver: Deliver, drawer: User, client: Client
) -> None:
    task = make_shortened(drawer, make_account())

    answer = deliver(client.look(str(task.pk)))

    assert client.seen(answer).over
    # One client shows finalPrompt only where the other is "".
    assert b'"finalZhPrompt":""' in answer.body
    assert b'"finalPrompt":"## Shortened prompts' in answer.body
