"""Looks at tasks in every state, as each client reads them."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import TaskStatus
from tasks.models import Task, WebhookDelivery
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

LISTS: Final = ("POST task/list-by-condition", "POST task/list-by-ids")
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


@cases(*LISTS)
def test_lists_hold_what_was_asked_for_and_exists(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    make_task(scene.grid.owner)

    answer = deliver(case.request(scene))

    rows = answer.json()
    assert answer.status == 200
    asked = {str(each) for each in _ids(case, scene)}
    mine = {str(pk) for pk in Task.objects.values_list("pk", flat=True)}
    assert {row["id"] for row in rows} == asked & mine
    assert len(rows) == len(asked & mine) > 1
    for row in rows:
        case.client.read(row)


def _ids(case: Case, scene: Scene) -> list[Any]:
    ids: list[Any] = json.loads(case.request(scene).body or b"{}")["ids"]
    return ids


@cases("GET task/list", "GET task/queue")
def test_other_lists_are_bare_arrays(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    waiting = make_task(scene.grid.owner)

    rows = deliver(case.request(scene)).json()

    ids = {row["id"] for row in rows}
    if case.sends.row == "GET task/queue":
        assert ids == {str(waiting.pk)}
    else:
        assert ids >= {str(waiting.pk), str(scene.grid.pk)}
    for row in rows:
        case.client.read(row)


@cases("POST task/{id}/cancel")
def test_a_closed_window_is_cancelled(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    answer = deliver(case.request(scene))

    assert (answer.status, answer.body) == (200, b"")
    assert Task.objects.get(pk=scene.zoom.pk).status == TaskStatus.FAILURE


@cases("notifyHook")
def test_hooks_tell_the_whole_story_with_the_end_last(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    pk = int(case.client.told(deliver(case.request(scene))).task_id)

    advance(pk, TaskStatus.SUBMITTED)
    advance(pk, TaskStatus.IN_PROGRESS, progress=31)
    ends = {"picture_source": scene.grid.picture_source, "picture_type": "image/png"}
    advance(pk, TaskStatus.SUCCESS, finished_at=timezone.now(), **ends)

    calls = WebhookDelivery.objects.order_by("revision")
    told = [json.loads(call.body) for call in calls]
    looks = [case.client.read(task) for task in told]
    assert [task["status"] for task in told] == ["SUBMITTED", "IN_PROGRESS", "SUCCESS"]
    assert [look.over for look in looks] == [False, False, True]
    assert looks[-1].picture
    assert {task["id"] for task in told} == {str(pk)}
