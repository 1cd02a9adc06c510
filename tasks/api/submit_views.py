"""Views for new drawings: POST /mj/submit/..."""

from __future__ import annotations

from mjproxy.lib.dialect.answers import submit_answer
from tasks.api.shapes import examples
from tasks.api.shapes.fields import (
    BlendFields,
    DescribeFields,
    EditFields,
    ImagineFields,
    ShortenFields,
    ShowFields,
    VideoFields,
)
from tasks.api.shapes.forms import (
    BlendSerializer,
    DescribeSerializer,
    EditSerializer,
    ImagineSerializer,
    ShortenSerializer,
    ShowSerializer,
    VideoSerializer,
)
from tasks.api.submit_base import (
    SubmitView,
    bot_of,
    known_id,
    submit_schema,
    wanted_of,
)
from tasks.enums import InputRole, ReturnCode
from tasks.exceptions import InvalidRequest, Refused
from tasks.pictures.inputs import read
from tasks.submit.commands import (
    submit_blend,
    submit_describe,
    submit_imagine,
    submit_shorten,
    submit_show,
    submit_video,
)
from tasks.submit.extensions import submit_extension
from tasks.submit.row import Caller, Submitted

_UNSERVED = {
    "unserved": submit_answer(
        ReturnCode.FAILURE,
        "当前账号不支持编辑/重绘任务",
        descriptionEn="Midjourney's Discord bot cannot edit or retexture a picture",
    ),
    "refused": examples.REFUSED,
}


@submit_schema(
    "submit_imagine", "Draw a prompt", ImagineSerializer, prompt="a red fox --ar 3:2"
)
class ImagineView(SubmitView[ImagineFields]):
    form = ImagineSerializer

    def submit(self, caller: Caller, fields: ImagineFields) -> Submitted:
        return submit_imagine(
            caller=caller,
            prompt=fields["prompt"],
            pictures=[*fields["base64Array"], fields["base64"]],
            bot_type=bot_of(fields),
            wanted=wanted_of(caller, fields),
        )


@submit_schema(
    "submit_blend",
    "Blend two to five pictures",
    BlendSerializer,
    base64Array=[examples.PICTURE, examples.PICTURE],
    dimensions="SQUARE",
)
class BlendView(SubmitView[BlendFields]):
    form = BlendSerializer

    def submit(self, caller: Caller, fields: BlendFields) -> Submitted:
        return submit_blend(
            caller=caller,
            pictures=fields["base64Array"],
            dimensions=fields["dimensions"],
            bot_type=bot_of(fields),
            wanted=wanted_of(caller, fields),
        )


@submit_schema(
    "submit_describe",
    "Find prompts for a picture",
    DescribeSerializer,
    base64=examples.PICTURE,
)
class DescribeView(SubmitView[DescribeFields]):
    form = DescribeSerializer

    def submit(self, caller: Caller, fields: DescribeFields) -> Submitted:
        link = fields["link"].strip()
        if link and not link.lower().startswith(("http://", "https://")):
            raise InvalidRequest("链接格式错误", "link is a web address")
        return submit_describe(
            caller=caller,
            picture=fields["base64"] if fields["base64"].strip() else link,
            bot_type=bot_of(fields),
            wanted=wanted_of(caller, fields),
        )


@submit_schema(
    "submit_shorten",
    "Find which words of a prompt count",
    ShortenSerializer,
    prompt="a very, very beautiful red fox in deep snow",
)
class ShortenView(SubmitView[ShortenFields]):
    form = ShortenSerializer

    def submit(self, caller: Caller, fields: ShortenFields) -> Submitted:
        return submit_shorten(
            caller=caller,
            prompt=fields["prompt"],
            bot_type=bot_of(fields),
            wanted=wanted_of(caller, fields),
        )


@submit_schema(
    "submit_show",
    "Fetch a finished job back",
    ShowSerializer,
    jobId=examples.JOB,
    accountFilter={"instanceId": examples.CHANNEL},
)
class ShowView(SubmitView[ShowFields]):
    form = ShowSerializer

    def submit(self, caller: Caller, fields: ShowFields) -> Submitted:
        return submit_show(
            caller=caller,
            job=fields["jobId"],
            bot_type=bot_of(fields),
            wanted=wanted_of(caller, fields),
        )


@submit_schema(
    "submit_video",
    "Make a video from a first frame, or make a clip longer",
    VideoSerializer,
    prompt="the fox turns its head",
    image=examples.PICTURE,
    motion="low",
)
class VideoView(SubmitView[VideoFields]):
    form = VideoSerializer

    def submit(self, caller: Caller, fields: VideoFields) -> Submitted:
        motion = fields["motion"].strip().lower() or "low"
        if fields["videoType"].strip() not in ("", "vid_1.1_i2v_480"):
            raise Unserved("当前账号不支持高清视频", "HD videos are not served")
        if fields["action"].strip().lower() == "extend":
            return submit_extension(
                caller=caller,
                task_id=known_id(fields["taskId"]),
                prompt=fields["prompt"],
                motion=motion,
                index=fields["index"] + 1,
                wanted=wanted_of(caller, fields),
            )
        if fields["taskId"].strip():
            raise InvalidRequest("任务类型错误", "taskId goes with the action “extend”")
        return submit_video(
            caller=caller,
            prompt=fields["prompt"],
            first=fields["image"].strip() or fields["base64"],
            last=fields["endImage"],
            loop=fields["loop"],
            motion=motion,
            batch=fields["batchSize"],
            wanted=wanted_of(caller, fields),
        )


class Unserved(Refused):
    """Refuses a request that Midjourney's Discord bot cannot serve."""

    code = ReturnCode.FAILURE


class _EditView(SubmitView[EditFields]):
    """Refuses edits: Midjourney's editor exists on its own site only."""

    form = EditSerializer

    def submit(self, caller: Caller, fields: EditFields) -> Submitted:
        if not (fields["image"].strip() and fields["prompt"].strip()):
            raise InvalidRequest(
                "image或prompt不能为空", "image and prompt must not be empty"
            )
        read(fields["image"], InputRole.PROMPT, viewer=caller.viewer)
        raise Unserved(
            "当前账号不支持编辑/重绘任务",
            "Midjourney's Discord bot cannot edit or retexture a given picture",
        )


@submit_schema(
    "submit_edits",
    "Edit a picture; refused: the Discord bot cannot",
    EditSerializer,
    answers=_UNSERVED,
    prompt="a red scarf",
    image=examples.PICTURE,
)
class EditsView(_EditView):
    """Refuses edits."""


@submit_schema(
    "submit_edit",
    "Edit a picture; refused: the Discord bot cannot",
    EditSerializer,
    answers=_UNSERVED,
    prompt="a red scarf",
    image=examples.PICTURE,
)
class EditView(_EditView):
    """Refuses one edit."""


@submit_schema(
    "submit_retexture",
    "Draw a picture with other surfaces; refused: the Discord bot cannot",
    EditSerializer,
    answers=_UNSERVED,
    prompt="made of glass",
    image=examples.PICTURE,
)
class RetextureView(_EditView):
    """Refuses a retexture."""
