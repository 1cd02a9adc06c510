"""Views for existing tasks: fetch, list, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import TABLE_LOOKS
from accounts.api.requests import asker_behind, user_of
from accounts.enums import KeyScope
from accounts.exceptions import AccountsError
from accounts.models import User
from accounts.people.callers import asker_of, link_base
from accounts.protection import gate
from mjproxy.lib.dialect.answers import compressed, json_answer
from mjproxy.lib.dialect.examples import answered, sent
from tasks import selectors
from tasks.api.shapes import examples
from tasks.api.shapes.answers import TASK_ID, TASKS_OR_FAILURE, TaskSerializer
from tasks.api.shapes.forms import ByIdsSerializer, id_in
from tasks.models import Task
from tasks.services import cancel
from tasks.wire import task_bytes, tasks_json

NEWEST = 100
MOST_BYTES = 8_000_000  # of a list; the rest is left out
_LISTED = answered("tasks", [examples.TASK])
_MINE = OpenApiParameter(
    "mine",
    bool,
    description="An operator's own tasks only. Other users see only their own.",
)


class TaskFetchView(APIView):
    """Return one task as it is now."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        # Clients poll every second for every task. REST framework costs more than the
        # query, so it only handles errors.
        try:
            asker = asker_of(request) if request.method == "GET" else None
            if asker is not None:
                asker.check(KeyScope.READ)
                gate.admit(request, asker)
                return _task_answer(request, asker.user, kwargs["task_id"])
        except (AccountsError, Error):
            pass
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="task_fetch",
        tags=["task"],
        summary="Look at a task",
        parameters=[TASK_ID],
        responses={
            200: OpenApiResponse(TaskSerializer, description="The task as it is now."),
            204: OpenApiResponse(description="No such task, or another user's."),
        },
        examples=[answered("finished", examples.TASK)],
    )
    def get(self, request: Request, task_id: str, mode: str = "") -> HttpResponse:
        return _task_answer(request._request, user_of(request), task_id)


class TaskCancelView(APIView):
    status_in_demo = 400  # as clients know it

    @extend_schema(
        operation_id="task_cancel",
        tags=["task"],
        summary="Cancel a task that is not over",
        parameters=[TASK_ID],
        request=None,
        responses={200: OpenApiResponse(description="Always, without a body.")},
    )
    def post(self, request: Request, task_id: str, mode: str = "") -> HttpResponse:
        if task := _task(user_of(request), task_id):
            cancel(task)
        return HttpResponse(content_type="application/json")


@compressed
class TaskListView(APIView):
    @extend_schema(
        operation_id="task_list",
        tags=["task"],
        summary="The newest tasks",
        parameters=[_MINE],
        responses=TaskSerializer(many=True),
        examples=[_LISTED],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        found = selectors.newest(user_of(request), NEWEST, own=_mine(request))
        return _list_answer(request, found)


@compressed
class TaskQueueView(APIView):
    @extend_schema(
        operation_id="task_queue",
        tags=["task"],
        summary="The tasks that wait, oldest first",
        parameters=[_MINE],
        responses=TaskSerializer(many=True),
        examples=[_LISTED],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        ids = selectors.waiting_ids(user_of(request), own=_mine(request))
        return _answer_by_ids(request, ids)


@compressed
class TasksByIdView(APIView):
    """Return the tasks of the sent ids: list-by-condition and list-by-ids."""

    looks = TABLE_LOOKS

    @extend_schema(
        tags=["task"],
        summary="Look at many tasks",
        request=ByIdsSerializer,
        responses={
            200: OpenApiResponse(
                TASKS_OR_FAILURE,
                description="The existing tasks, in the order of the ids.",
            )
        },
        examples=[sent({"ids": [examples.TASK_ID]}), _LISTED],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = ByIdsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return _answer_by_ids(request, form.validated_data["ids"])


def _mine(request: Request) -> bool:
    wanted = request.query_params.get("mine", "").lower() in {"true", "1"}
    return wanted and not asker_behind(request).is_visitor  # who has none


def _task(user: User, task_id: str) -> Task | None:
    pk = id_in(task_id)
    return None if pk is None else selectors.find(user, pk)


def _task_answer(request: HttpRequest, user: User, task_id: str) -> HttpResponse:
    task = _task(user, task_id)
    if task is None:
        return HttpResponse(status=204)
    body = task_bytes(task, link_base(request))
    return HttpResponse(body, content_type="application/json")


def _answer_by_ids(request: Request, ids: Iterable[int]) -> HttpResponse:
    rows = _rows(user_of(request), ids, link_base(request._request))
    found: list[bytes] = []
    size = 0
    for row in rows:
        size += len(row) + 2
        if found and size > MOST_BYTES:
            break
        found.append(row)
    body = b"[%b]" % b",".join(found)
    return HttpResponse(body, content_type="application/json")


def _rows(user: User, ids: Iterable[int], base: str) -> Iterator[bytes]:
    for tasks in selectors.pages(user, ids):
        yield from map(orjson.dumps, tasks_json(tasks, base))


def _list_answer(request: Request, tasks: Iterable[Task]) -> HttpResponse:
    base = link_base(request._request)
    return json_answer(tasks_json(tasks, base))
