"""Views for buttons and their windows: POST /mj/submit/action, modal, change."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpResponseBase

from tasks.api.errand_views import pressed
from tasks.api.shapes import examples
from tasks.api.shapes.fields import (
    ActionFields,
    ChangeFields,
    ModalFields,
    SimpleChangeFields,
)
from tasks.api.shapes.forms import (
    ActionSerializer,
    ChangeSerializer,
    ModalSerializer,
    SimpleChangeSerializer,
    id_in,
)
from tasks.api.submit_base import (
    WINDOW,
    SubmitView,
    accepted,
    known_id,
    submit_schema,
)
from tasks.custom_ids import draws_nothing
from tasks.enums import TaskAction
from tasks.exceptions import InvalidRequest
from tasks.submit.buttons import submit_button, submit_change
from tasks.submit.errands import submit_press
from tasks.submit.row import Caller, Submitted
from tasks.submit.windows import submit_window

# Only the first digit is read: "U12" has always meant U1.
_SIMPLE: Final = re.compile(r"(?P<id>\S+) +(?:(?P<how>[uv])(?P<index>\d)\d*|r)", re.I)
_HOW: Final = {"u": TaskAction.UPSCALE, "v": TaskAction.VARIATION}


@submit_schema(
    "submit_action",
    "Press a button of a finished task",
    ActionSerializer,
    answers={
        "accepted": examples.ACCEPTED,
        "waiting": examples.WAITING,
        "window": WINDOW,
        "refused": examples.REFUSED,
    },
    taskId=examples.TASK_ID,
    customId=examples.BUTTON,
)
class ActionView(SubmitView[ActionFields]):
    form = ActionSerializer

    def answer(self, caller: Caller, fields: ActionFields) -> HttpResponseBase:
        custom_id = fields["customId"].strip()
        if not (fields["taskId"].strip() and custom_id):
            raise InvalidRequest("参数错误", "taskId and customId must not be empty")
        task_id = known_id(fields["taskId"])
        if draws_nothing(custom_id):
            errand = submit_press(caller=caller, task_id=task_id, custom_id=custom_id)
            return pressed(errand)
        return accepted(
            submit_button(
                caller=caller,
                task_id=task_id,
                custom_id=custom_id,
                force_window=fields["enableRemix"],
            )
        )


@submit_schema(
    "submit_modal",
    "Answer the window of a task",
    ModalSerializer,
    taskId=examples.TASK_ID,
    prompt="a red fox at night --zoom 1.5",
)
class ModalView(SubmitView[ModalFields]):
    form = ModalSerializer

    def submit(self, caller: Caller, fields: ModalFields) -> Submitted:
        if not fields["taskId"].strip():
            raise InvalidRequest("参数错误", "taskId must not be empty")
        return submit_window(
            caller=caller,
            task_id=known_id(fields["taskId"]),
            prompt=fields["prompt"],
            mask=fields["maskBase64"],
        )


@submit_schema(
    "submit_change",
    "Upscale, vary or redraw a grid",
    ChangeSerializer,
    taskId=examples.TASK_ID,
    action="UPSCALE",
    index=2,
)
class ChangeView(SubmitView[ChangeFields]):
    form = ChangeSerializer

    def submit(self, caller: Caller, fields: ChangeFields) -> Submitted:
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
    content=f"{examples.TASK_ID} U2",
)
class SimpleChangeView(SubmitView[SimpleChangeFields]):
    form = SimpleChangeSerializer

    def submit(self, caller: Caller, fields: SimpleChangeFields) -> Submitted:
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
