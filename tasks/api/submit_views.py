"""The doors for new drawings: POST /mj/submit/..."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.answers import json_answer
from tasks.api.callers import caller_of
from tasks.api.serializers import (
    ActionSerializer,
    ChangeSerializer,
    ImagineSerializer,
    SimpleChangeSerializer,
    SubmitAnswerSerializer,
    SubmitSerializer,
    id_in,
)
from tasks.custom_ids import change_id
from tasks.enums import BotType, ReturnCode, TaskAction
from tasks.exceptions import InvalidRequest, ParentNotFound
from tasks.submit import (
    Caller,
    Submitted,
    submit_button,
    submit_change,
    submit_imagine,
)

_NIJI: Final = {"NIJI_JOURNEY", "niji"}
# Only the first digit is read: "U12" has always meant U1.
_SIMPLE: Final = re.compile(r"(?P<id>\S+) +(?:(?P<how>[uv])(?P<index>\d)\d*|r)", re.I)
_HOW: Final = {"u": TaskAction.UPSCALE, "v": TaskAction.VARIATION}
_ACCEPTED: Final = {
    "code": 1,
    "description": "提交成功",
    "result": "1795000000000042",
    "properties": {"discordInstanceId": "1400000000000000007"},
}
_WAITING: Final = {
    "code": 22,
    "description": "排队中，前面还有2个任务",
    "result": "1795000000000042",
    "properties": {"numberOfQueues": 2, "discordInstanceId": "1400000000000000007"},
}
_REFUSED: Final = {
    "code": 4,
    "description": "参数错误",
    "result": None,
    "properties": {"descriptionEn": "Invalid parameters"},
}


def submit_schema(
    operation: str, summary: str, form: type[SubmitSerializer], **body: Any
) -> Any:
    """Describe a submit: its form, an example, the answers."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=operation,
            tags=["submit"],
            summary=summary,
            description="Also under /mj-fast, /mj-relax and /mj-turbo, for that speed.",
            request=form,
            parameters=[
                OpenApiParameter(
                    "Idempotency-Key",
                    str,
                    OpenApiParameter.HEADER,
                    description="The same key again answers with the same task.",
                )
            ],
            responses={200: SubmitAnswerSerializer, 404: SubmitAnswerSerializer},
            examples=[
                OpenApiExample("request", value=body, request_only=True),
                OpenApiExample("accepted", value=_ACCEPTED, response_only=True),
                OpenApiExample("waiting", value=_WAITING, response_only=True),
                OpenApiExample("refused", value=_REFUSED, response_only=True),
            ],
        )
    )


class SubmitView(APIView):
    """Reads a form, calls one service, answers with the task's id."""

    form: ClassVar[type[SubmitSerializer]]

    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = self.form(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        return json_answer(
            answer_of(self.submit(caller_of(request, fields, mode), fields))
        )

    def submit(self, caller: Caller, fields: dict[str, Any]) -> Submitted:
        raise NotImplementedError


def answer_of(submitted: Submitted) -> dict[str, Any]:
    """Return the four keys that every submit client reads."""
    task, ahead = submitted.task, submitted.ahead
    code, text = ReturnCode.SUCCESS, "提交成功"
    properties: dict[str, Any] = {}
    if ahead:
        code, text = ReturnCode.IN_QUEUE, f"排队中，前面还有{ahead}个任务"
        properties["numberOfQueues"] = ahead
    properties["discordInstanceId"] = task.account.channel_id if task.account else ""
    return {
        "code": int(code),
        "description": text,
        "result": str(task.pk),
        "properties": properties,
    }


@submit_schema(
    "submit_imagine", "Draw a prompt", ImagineSerializer, prompt="a red fox --ar 3:2"
)
class ImagineView(SubmitView):
    form = ImagineSerializer

    def submit(self, caller: Caller, fields: dict[str, Any]) -> Submitted:
        if fields["base64"] or any(fields["base64Array"]):
            raise InvalidRequest(
                "暂不支持垫图", "Picture prompts are not supported yet"
            )
        niji = fields["botType"] in _NIJI
        wanted = fields["accountFilter"]
        return submit_imagine(
            caller=caller,
            prompt=fields["prompt"],
            bot_type=BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY,
            instance_id=wanted.get("instanceId", "").strip(),
            modes=wanted.get("modes", []),
        )


@submit_schema(
    "submit_action",
    "Press a button of a finished task",
    ActionSerializer,
    taskId="1795000000000042",
    customId=change_id(TaskAction.UPSCALE, 1, "5c0ffee0-1234-4abc-8def-0123456789ab"),
)
class ActionView(SubmitView):
    form = ActionSerializer

    def submit(self, caller: Caller, fields: dict[str, Any]) -> Submitted:
        if not (fields["taskId"].strip() and fields["customId"].strip()):
            raise InvalidRequest("参数错误", "taskId and customId must not be empty")
        return submit_button(
            caller=caller,
            task_id=_known(fields["taskId"]),
            custom_id=fields["customId"].strip(),
        )


@submit_schema(
    "submit_change",
    "Upscale, vary or redraw a grid",
    ChangeSerializer,
    taskId="1795000000000042",
    action="UPSCALE",
    index=2,
)
class ChangeView(SubmitView):
    form = ChangeSerializer

    def submit(self, caller: Caller, fields: dict[str, Any]) -> Submitted:
        if not fields["taskId"].strip():
            raise InvalidRequest("taskId不能为空", "taskId must not be empty")
        return submit_change(
            caller=caller,
            task_id=id_in(fields["taskId"]) or 0,
            action=TaskAction(fields["action"]),
            index=fields["index"],
        )


@submit_schema(
    "submit_simple_change",
    "As change, in one line of text",
    SimpleChangeSerializer,
    content="1795000000000042 U2",
)
class SimpleChangeView(SubmitView):
    form = SimpleChangeSerializer

    def submit(self, caller: Caller, fields: dict[str, Any]) -> Submitted:
        match = _SIMPLE.fullmatch(fields["content"].strip())
        if match is None:
            raise InvalidRequest("content 参数错误", "content is like “ID U1”")
        how = (match["how"] or "").lower()
        return submit_change(
            caller=caller,
            task_id=id_in(match["id"]) or 0,
            action=_HOW.get(how, TaskAction.REROLL),
            index=int(match["index"] or 0),
        )


def _known(task_id: str) -> int:
    found = id_in(task_id)
    if found is None:
        raise ParentNotFound
    return found
