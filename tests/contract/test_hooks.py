"""Calls of hooks, as the clients read them that wait for them."""

from __future__ import annotations

import json

from django.utils import timezone

from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance
from tests.contract.cases import Case, cases
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene
from tests.tasks.webhook_calls import called


@cases("notifyHook")
def test_hooks_tell_the_whole_story_with_the_end_last(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    pk = int(case.client.told(deliver(case.request(scene))).task_id)

    picture = {
        "finished_at": timezone.now(),
        "picture_source": scene.grid.picture_source,
        "picture_type": "image/png",
    }
    told = []
    for status, facts in (
        (TaskStatus.SUBMITTED, {}),
        (TaskStatus.IN_PROGRESS, {"progress": 31}),
        (TaskStatus.SUCCESS, picture),
    ):
        advance(pk, status, **facts)
        told.append(json.loads(called(Task.objects.get(pk=pk)).body))

    looks = [case.client.read(task) for task in told]
    assert [task["status"] for task in told] == ["SUBMITTED", "IN_PROGRESS", "SUCCESS"]
    assert [look.over for look in looks] == [False, False, True]
    assert looks[-1].picture
    assert {task["id"] for task in told} == {str(pk)}
