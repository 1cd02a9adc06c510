"""Submits as each client sends them, and their answers as each reads them."""

from __future__ import annotations

from typing import Final

import pytest
from django.db.models import Model

from accounts.enums import AccountState
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.contract.cases import Case, cases
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene
from tests.factories import ban, make_task

DRAWING: Final = (
    *("POST submit/imagine", "POST submit/action", "POST submit/change"),
    *("POST submit/simple-change", "POST submit/blend", "POST submit/describe"),
    *("POST submit/shorten", "POST submit/video"),
)
MODAL: Final = "POST submit/modal"
SPEEDS: Final = "/mj-fast, /mj-relax, /mj-turbo"
WITH_WORDS: Final = ("POST submit/imagine", "POST submit/shorten", "POST submit/video")
UNSERVED: Final = ("POST submit/edits", "POST insight-face/swap")


@cases(*DRAWING, SPEEDS)
def test_it_is_accepted_and_the_task_is_as_asked(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)

    told = case.client.told(deliver(sent))

    assert told.how == "accepted", told.text
    task = Task.objects.get(pk=told.task_id)
    assert task.status == TaskStatus.NOT_START
    assert {name: getattr(task, name) for name in sent.makes} == dict(sent.makes)


@cases(*DRAWING, only=lambda case: case.client.looks)
def test_the_task_can_be_looked_at_as_soon_as_its_id_is_known(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    told = case.client.told(deliver(case.request(scene)))

    look = case.client.seen(deliver(case.client.look(told.task_id)))
    assert not look.over
    assert not look.failed


@cases(*DRAWING, MODAL, only=lambda case: 22 in case.client.accepts)
def test_one_that_waits_behind_others_is_accepted_too(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    make_task(scene.grid.owner, account=scene.account)

    answer = deliver(case.request(scene))

    assert answer.json()["code"] == 22
    assert case.client.told(answer).how == "accepted"


@cases(*DRAWING, MODAL)
@pytest.mark.parametrize("why", ["the queue is full", "no account"])
def test_a_refusal_names_its_reason_and_no_task(
    deliver: Deliver, scene: Scene, case: Case, why: str
) -> None:
    if why == "no account":
        _change(scene.account, state=AccountState.DISABLED)
    else:
        _change(scene.account, max_queue_size=1)
        make_task(scene.grid.owner, account=scene.account)
    before = set(Task.objects.values_list("pk", "status"))

    told = case.client.told(deliver(case.request(scene)))

    assert (told.how, bool(told.text), told.task_id) == ("refused", True, "")
    assert set(Task.objects.values_list("pk", "status")) == before


@cases(*WITH_WORDS)
def test_a_refused_word_is_refused(deliver: Deliver, scene: Scene, case: Case) -> None:
    for word in ("fox", "turns"):
        ban(word)

    answer = deliver(case.request(scene))

    assert (answer.status, answer.json()["code"]) == (200, 24)
    assert case.client.told(answer).how == "refused"


@cases("POST submit/change", "POST submit/simple-change", "POST submit/action")
def test_a_button_of_what_is_not_finished_is_refused(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)
    _change(scene.grid, status=TaskStatus.FAILURE)
    _change(scene.single, status=TaskStatus.FAILURE)

    answer = deliver(sent)

    assert (answer.status, answer.json()["code"]) == (200, 4)
    assert case.client.told(answer).how == "refused"


@cases("POST submit/change", "POST submit/simple-change", "POST submit/action")
def test_the_same_upscale_again_is_accepted_as_the_same_task(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)

    first, again = (deliver(sent) for _ in range(2))

    task = Task.objects.get(pk=case.client.told(first).task_id)
    if task.action == "UPSCALE":
        assert again.body == first.body
        assert again.json()["code"] == 1
    else:
        assert again.json()["code"] == 22
        assert again.json()["result"] != first.json()["result"]


@cases(*UNSERVED)
def test_what_is_not_served_is_refused_in_the_shape_of_a_submit(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    before = Task.objects.count()

    answer = deliver(case.request(scene))

    assert answer.status == 200
    assert set(answer.json()) == {"code", "description", "result", "properties"}
    told = case.client.told(answer)
    assert (told.how, bool(told.text)) == ("refused", True)
    assert Task.objects.count() == before


def _change(row: Model, **fields: object) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**fields)
