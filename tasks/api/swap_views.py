"""View for face swap, which another service offers: always refused."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from mjproxy.lib.dialect.answers import submit_answer
from mjproxy.lib.dialect.examples import answered
from tasks.api.shapes.answers import SubmitAnswerSerializer
from tasks.enums import ReturnCode
from tasks.exceptions import InvalidRequest

_TEXTS = ("服务不支持", "Face swap is not served here")


class SwapView(APIView):
    """Refuses every request without reading it."""

    @extend_schema(
        operation_id="insight_face_swap",
        tags=["submit"],
        summary="Put a face into a picture; refused: not served",
        request=None,
        responses=SubmitAnswerSerializer,
        examples=[
            answered(
                "refused",
                submit_answer(
                    ReturnCode.VALIDATION_ERROR, _TEXTS[0], descriptionEn=_TEXTS[1]
                ),
            )
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponseBase:
        raise InvalidRequest(*_TEXTS)
