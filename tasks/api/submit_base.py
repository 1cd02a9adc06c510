"""Base of the submit views: the form, the caller, the response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import (
    OpenApiCallback,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from mjproxy.lib.dialect.answers import SubmitAnswer, json_answer, submit_answer
from mjproxy.lib.dialect.examples import answered, sent
from mjproxy.lib.dialect.fields import DialectSerializer
from tasks import lockouts
from tasks.api.callers import caller_of
from tasks.api.shapes import examples
from tasks.api.shapes.answers import SubmitAnswerSerializer, TaskSerializer
from tasks.api.shapes.fields import FilteredFields, SubmitFields
from tasks.api.shapes.forms import SubmitSerializer, id_in
from tasks.enums import SWAPS, BotType, ReturnCode, TaskStatus
from tasks.exceptions import ParentNotFound
from tasks.submit.account import Wanted
from tasks.submit.row import Caller, Submitted

_NIJI: Final = {"NIJI_JOURNEY", "niji"}
# One client recognises a window by the word “confirm”.
WINDOW_TEXT: Final = "Waiting for window confirm"


WINDOW: Final = submit_answer(
    ReturnCode.EXISTED,
    WINDOW_TEXT,
    examples.TASK_ID,
    finalPrompt="a red fox --v 7.0",
    remix=True,
    discordInstanceId=examples.CHANNEL,
)
_ANSWERS: Final = {
    "accepted": examples.ACCEPTED,
    "waiting": examples.WAITING,
    "refused": examples.REFUSED,
}
_IDEMPOTENCY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A repeated key returns the same task.",
)
_LEFT: Final = [
    OpenApiParameter(
        f"X-RateLimit-{name}",
        int,
        OpenApiParameter.HEADER,
        description=text,
        response=[200],
    )
    for name, text in (
        ("Limit", "Drawings that may be made, of the limit with the least left."),
        ("Remaining", "Of these, how many are left."),
        ("Reset", "When they begin anew, in seconds since 1970."),
    )
]
_HOOK: Final = OpenApiCallback(
    name="notifyHook",
    path="{$request.body#/notifyHook}",
    decorator=extend_schema(
        summary="The task, at each change and at its end",
        description="Signed with Standard Webhooks' headers. Any 2xx is received.",
        request=TaskSerializer,
        responses={"2XX": OpenApiResponse(description="Any body.")},
    ),
)


def submit_schema(
    operation: str,
    summary: str,
    form: type[DialectSerializer],
    *,
    answer: Any = SubmitAnswerSerializer,
    answers: Mapping[str, Any] = _ANSWERS,
    media_type: str = "application/json",
    **body: Any,
) -> Any:
    """Describe a submit in the schema: its form and examples of its responses."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=operation,
            tags=["submit"],
            summary=summary,
            description="Also under /mj-fast, /mj-relax and /mj-turbo, for that speed.",
            request=form,
            parameters=[_IDEMPOTENCY, *_LEFT],
            responses={
                200: OpenApiResponse(answer, description="`code` is the result."),
                404: OpenApiResponse(
                    SubmitAnswerSerializer, description="No such related task."
                ),
            },
            examples=[
                sent(body, media_type=media_type),
                *(answered(name, value) for name, value in answers.items()),
                answered("unknown", examples.UNKNOWN_TASK, 404),
            ],
            callbacks=[_HOOK] if issubclass(form, SubmitSerializer) else [],
        )
    )


F = TypeVar("F", bound=SubmitFields)


class SubmitView(APIView, Generic[F]):
    """A submit: reads the form, calls one service, returns the task's id.

    F are the form's members as it has read them.
    """

    form: ClassVar[type[SubmitSerializer]]

    def post(self, request: Request, mode: str = "") -> HttpResponseBase:
        form = self.form(data=request.data)
        form.is_valid(raise_exception=True)
        fields: F = form.validated_data
        caller = caller_of(request, fields, mode)
        lockouts.check(caller.user, caller.client_ip, is_guest=caller.is_guest)
        return self.answer(caller, fields)

    def answer(self, caller: Caller, fields: F) -> HttpResponseBase:
        return accepted(self.submit(caller, fields))

    def submit(self, caller: Caller, fields: F) -> Submitted:
        raise NotImplementedError


def accepted(submitted: Submitted) -> HttpResponse:
    answer = json_answer(answer_of(submitted))
    if submitted.quota:
        for name, value in submitted.quota.headers.items():
            answer[name] = value
    return answer


def answer_of(submitted: Submitted) -> SubmitAnswer:
    """Return the response of a submit: code, description, result, properties."""
    task, ahead = submitted.task, submitted.ahead
    code, text = ReturnCode.SUCCESS, "提交成功"
    properties: dict[str, object] = {}
    if task.status == TaskStatus.MODAL:
        code, text = ReturnCode.EXISTED, WINDOW_TEXT
        properties |= {"finalPrompt": task.final_prompt, "remix": True}
    elif ahead and not submitted.more:
        code, text = ReturnCode.IN_QUEUE, f"排队中，前面还有{ahead}个任务"
        properties["numberOfQueues"] = ahead
    if task.action not in SWAPS:
        account = task.account
        properties["discordInstanceId"] = account.channel_id if account else ""
    ids = ",".join(str(t.pk) for t in (task, *submitted.more))
    return submit_answer(code, text, ids, **properties)


def bot_of(fields: FilteredFields) -> BotType:
    niji = fields["botType"].strip() in _NIJI
    return BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY


def wanted_of(caller: Caller, fields: FilteredFields) -> Wanted:
    """Return the requested account; a prefix outranks the filter's modes."""
    return Wanted.of(fields["accountFilter"], caller.user, caller.mode)


def known_id(task_id: str) -> int:
    """Return the id of a related task. Raises ParentNotFound if it is not an id."""
    found = id_in(task_id)
    if found is None:
        raise ParentNotFound
    return found
