"""Views whose response waits for Discord: uploads, bookmarks, seeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.requests import user_of
from mjproxy.lib.dialect.answers import (
    SubmitAnswer,
    json_answer,
    submit_answer,
    waiting_answer,
)
from mjproxy.lib.dialect.examples import answered
from tasks.api.callers import caller_of
from tasks.api.shapes import answers, examples
from tasks.api.shapes.fields import UploadFields
from tasks.api.shapes.forms import UploadSerializer, id_in
from tasks.api.submit_base import submit_schema
from tasks.enums import ErrandKind, ErrandState, ReturnCode
from tasks.exceptions import InvalidRequest, ParentNotFound
from tasks.models import Errand
from tasks.selectors import find
from tasks.submit.account import Wanted
from tasks.submit.errands import submit_seed, submit_uploads

# One client gives up after 30 s; when it asks again, the seed is known.
SEED_SECONDS: Final = 25.0
UPLOAD_SECONDS: Final = 55.0
PRESS_SECONDS: Final = 20.0
AFTERMATH: Final = timedelta(seconds=0.5)

Shape = Callable[[Errand], SubmitAnswer]


def errand_answer(
    errand: Errand, seconds: float, shape: Shape
) -> StreamingHttpResponse:
    """Return the outcome of an errand, after `seconds` at the latest."""
    pk = errand.pk

    def look(last: bool) -> SubmitAnswer | None:  # noqa: FBT001
        found = Errand.objects.filter(pk=pk).first() or _deleted(errand)
        return shape(found) if last or _is_over(found) else None

    return waiting_answer(look, seconds)


def _is_over(errand: Errand) -> bool:
    if errand.kind != ErrandKind.PRESS or errand.state != ErrandState.DONE:
        return errand.state != ErrandState.WAITING
    # Discord may report a press as done and then show a page instead of the result.
    return errand.done_at is None or errand.done_at <= timezone.now() - AFTERMATH


def _deleted(errand: Errand) -> Errand:
    """Return the errand as failed: it was deleted with its account."""
    errand.state = ErrandState.FAILED
    errand.error_zh, errand.error_en = "账号已被删除", "Its account was deleted"
    return errand


def _unhappy(errand: Errand, late: ReturnCode, late_text: str) -> SubmitAnswer:
    if errand.state == ErrandState.FAILED:
        code = ReturnCode.VALIDATION_ERROR
        return submit_answer(code, errand.error_zh, descriptionEn=errand.error_en)
    return submit_answer(late, late_text, descriptionEn="Not done in time")


# --- pictures -------------------------------------------------------------------------


def _links(errand: Errand) -> SubmitAnswer:
    if errand.state == ErrandState.DONE:
        return submit_answer(ReturnCode.SUCCESS, "提交成功", errand.result)
    return _unhappy(errand, ReturnCode.FAILURE, "上传图片到discord失败")


@submit_schema(
    "upload_discord_images",
    "Upload pictures to Discord and get their links",
    UploadSerializer,
    answer=answers.UploadAnswerSerializer,
    answers={
        "uploaded": submit_answer(
            ReturnCode.SUCCESS,
            "提交成功",
            ["https://cdn.discordapp.com/attachments/1/2/picture.png"],
        ),
        "refused": examples.REFUSED,
    },
    base64Array=[examples.PICTURE],
)
class UploadView(APIView):
    def post(self, request: Request, mode: str = "") -> HttpResponseBase:
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields: UploadFields = form.validated_data
        caller = caller_of(request, {"state": "", "notifyHook": ""}, mode)
        errand = submit_uploads(
            caller=caller,
            pictures=fields["base64Array"],
            # A prefix only sets a speed, and nothing is drawn here.
            wanted=Wanted.of(fields["accountFilter"], caller.user),
        )
        return errand_answer(errand, UPLOAD_SECONDS, _links)


# --- presses --------------------------------------------------------------------------


def pressed(errand: Errand) -> HttpResponseBase:
    """Return whether a button that draws nothing was pressed."""
    parent = str(errand.task_id)

    def shape(done: Errand) -> SubmitAnswer:
        if done.state == ErrandState.DONE:
            return submit_answer(ReturnCode.SUCCESS, "成功", parent)
        return _unhappy(done, ReturnCode.FAILURE, "提交失败，系统异常")

    return errand_answer(errand, PRESS_SECONDS, shape)


# --- seeds ----------------------------------------------------------------------------


def _seed(errand: Errand) -> SubmitAnswer:
    if errand.state == ErrandState.DONE:
        return submit_answer(ReturnCode.SUCCESS, "成功", errand.result)
    return _unhappy(errand, ReturnCode.NOT_FOUND, "超时，未找到 seed")


class SeedView(APIView):
    looks = ()  # it may have to be asked for at Discord

    @extend_schema(
        operation_id="task_image_seed",
        tags=["task"],
        summary="The seed that a picture was drawn with",
        parameters=[answers.TASK_ID],
        responses={
            200: OpenApiResponse(
                answers.SubmitAnswerSerializer, description="`result` is the seed."
            ),
            400: OpenApiResponse(
                answers.SubmitAnswerSerializer,
                description="The task has no job of its own.",
            ),
            404: OpenApiResponse(
                answers.SubmitAnswerSerializer, description="No such task."
            ),
        },
        examples=[
            answered("known", submit_answer(ReturnCode.SUCCESS, "成功", "1259687673")),
            answered("late", submit_answer(ReturnCode.NOT_FOUND, "超时，未找到 seed")),
            answered("unknown", examples.UNKNOWN_TASK, 404),
        ],
    )
    def get(self, request: Request, task_id: str, mode: str = "") -> HttpResponseBase:
        pk = id_in(task_id)
        task = None if pk is None else find(user_of(request), pk)
        if task is None:
            raise ParentNotFound
        if task.seed:
            return json_answer(submit_answer(ReturnCode.SUCCESS, "成功", task.seed))
        if not task.is_terminal or not task.job_id:
            raise NoJob
        caller = caller_of(request, {"state": "", "notifyHook": ""}, mode)
        return errand_answer(submit_seed(caller=caller, task=task), SEED_SECONDS, _seed)


class NoJob(InvalidRequest):
    status = 400

    def __init__(self) -> None:
        super().__init__("关联任务状态错误", "Related task is in the wrong state")
