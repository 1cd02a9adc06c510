"""Many tasks in one answer, and the end of one."""

from __future__ import annotations

import json
from typing import Any, Final

from tasks.enums import TaskStatus
from tasks.models import Task
from tests.contract.cases import Case, cases
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene
from tests.factories import make_task

LISTS: Final = ("POST task/list-by-condition", "POST task/list-by-ids")


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
