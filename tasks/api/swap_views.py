"""Views for face swap: POST /mj/insight-face/..."""

from __future__ import annotations

from typing import Final

from rest_framework.parsers import MultiPartParser

from mjproxy.lib.dialect.answers import submit_answer
from tasks.api.shapes import examples
from tasks.api.shapes.fields import SwapFields, VideoSwapFields
from tasks.api.shapes.forms import SwapSerializer, VideoSwapSerializer
from tasks.api.submit_base import SubmitView, submit_schema
from tasks.enums import ReturnCode
from tasks.submit.row import Caller, Submitted
from tasks.swaps.submit import submit_picture_swap, submit_video_swap

_ANSWERS: Final = {
    "accepted": examples.ACCEPTED,
    "waiting": examples.WAITING,
    "refused": submit_answer(
        ReturnCode.VALIDATION_ERROR,
        "服务不支持",
        descriptionEn="Face swap is not served here",
    ),
}


@submit_schema(
    "insight_face_swap",
    "Put a face into a picture",
    SwapSerializer,
    answers=_ANSWERS,
    sourceBase64=examples.PICTURE,
    targetUrl="https://example.org/group.png",
)
class SwapView(SubmitView[SwapFields]):
    form = SwapSerializer

    def submit(self, caller: Caller, fields: SwapFields) -> Submitted:
        return submit_picture_swap(
            caller=caller,
            source=fields["sourceBase64"],
            source_url=fields["sourceUrl"],
            target=fields["targetBase64"],
            target_url=fields["targetUrl"],
        )


@submit_schema(
    "insight_face_video_swap",
    "Put a face into a video",
    VideoSwapSerializer,
    answers=_ANSWERS,
    media_type=MultiPartParser.media_type,
    sourceUrl="https://example.org/face.png",
    targetUrl="https://example.org/dance.mp4",
)
class VideoSwapView(SubmitView[VideoSwapFields]):
    """A form with a file, the only one of this API."""

    form = VideoSwapSerializer
    parser_classes = (MultiPartParser,)

    def submit(self, caller: Caller, fields: VideoSwapFields) -> Submitted:
        file = fields["targetFile"]
        return submit_video_swap(
            caller=caller,
            source=fields["sourceBase64"],
            source_url=fields["sourceUrl"],
            video=file.read() if file else None,
            video_url=fields["targetUrl"],
        )
