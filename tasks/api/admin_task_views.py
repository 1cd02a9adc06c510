"""Views for operators: a table of all tasks, and the removal of one."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from functools import partial
from typing import Final

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import PAGE
from accounts.api.permissions import TABLE_LOOKS, IsOperator
from accounts.api.requests import asker_behind, user_of
from accounts.api.tables import TABLE_OR_FAILURE, TableSerializer, page_of, read_table
from accounts.enums import SpeedMode
from accounts.people.callers import link_base
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import (
    Operation,
    json_answer,
    operation_result,
    waiting_answer,
)
from mjproxy.lib.dialect.examples import answered, operated, sent
from mjproxy.lib.dialect.fields import DialectSerializer, Text, WordOrNone
from tasks import selectors
from tasks.api.shapes import examples
from tasks.api.shapes.answers import TASK_ID
from tasks.api.shapes.forms import ACTIONS, Day, id_in
from tasks.cleanup import removal
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.search import find_tasks
from tasks.wire import tasks_json

# Rows that are counted and paged; a search finds older ones.
MOST_COUNTED: Final = 100_000
HOOK_SECONDS: Final = 1.0  # time to wait for the hook of a removed task


class TaskSearchSerializer(DialectSerializer):
    id = Text(help_text="Id of a task, or its `state`.")
    instanceId = Text(help_text="Channel id of the account.")
    status = WordOrNone(*TaskStatus.values)
    action = WordOrNone(*ACTIONS)
    mode = WordOrNone(*SpeedMode.values)
    failReason = Text(help_text="A part of it.")
    description = Text(help_text="A part of it, of the prompt or of the translation.")
    userId = Text(help_text="Id, name or mail address of the user.")
    submitTimeStart = Day(help_text="As 2026-11-28.")
    submitTimeEnd = Day(help_text="The whole day counts.")


class AdminTasksView(APIView):
    permission_classes = [IsOperator]
    looks = TABLE_LOOKS

    @extend_schema(
        operation_id="admin_task_table",
        tags=["admin"],
        summary="A page of all tasks, newest first",
        description="Text is searched in the newest 20,000 tasks. `total` counts to "
        "100,000. `sort` has no effect.",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1}, "search": {"status": "FAILURE"}}),
            answered("page", {"list": [examples.TASK], "pagination": PAGE}),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        asked, search = read_table(request, TaskSearchSerializer)
        asker = asker_behind(request)
        found = find_tasks(search, by_private=not asker.is_visitor)
        # Ids first: skipping whole rows would read them.
        ids, pagination = page_of(
            found.values_list("pk", flat=True),
            asked.get("pagination"),
            asker,
            most=MOST_COUNTED,
        )
        tasks = selectors.by_ids(user_of(request), ids)
        base = link_base(request._request)
        shown = tasks_json(tasks, base)
        return json_answer({"list": shown, "pagination": pagination})


class AdminTaskView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_task_delete",
        tags=["admin"],
        summary="Remove a task; one that is not over fails first",
        description="Its hook is called, if that takes less than a second.",
        parameters=[TASK_ID],
        responses={200: OperationSerializer},
        examples=[answered("done", operated())],
    )
    def delete(
        self, request: Request, task_id: str, mode: str = ""
    ) -> HttpResponseBase:
        pk = id_in(task_id)
        task = None if pk is None else selectors.find(user_of(request), pk)
        if task is None:
            return json_answer(operation_result())
        removal.end_for_removal(task)
        if done := _removed(task, last=False):
            return json_answer(done)
        return waiting_answer(partial(_removed, task), HOOK_SECONDS)


def _removed(task: Task, last: bool) -> Operation | None:  # noqa: FBT001 - Look
    done = removal.remove_told(task, in_any_case=last)
    return operation_result() if done else None
