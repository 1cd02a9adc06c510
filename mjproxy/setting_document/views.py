"""The view of the settings."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import done
from accounts.api.permissions import IsOperator
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import answered, operated, sent
from mjproxy.setting_document import document
from mjproxy.setting_document.forms import SettingAnswerSerializer, SettingSerializer

_SOME = {"enableRegister": True, "registerUserDefaultDayLimit": 20}


class SettingView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_setting",
        tags=["admin"],
        summary="The settings; secrets are masked",
        responses=SettingAnswerSerializer,
        examples=[answered("settings", operated({"id": "default", **_SOME}))],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        return json_answer(operation_result(data=document.shown()))

    @extend_schema(
        operation_id="admin_setting_save",
        tags=["admin"],
        summary="Change settings; members not sent stay",
        request=SettingSerializer,
        responses=OperationSerializer,
        examples=[sent(_SOME), done()],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = SettingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        document.write(form.validated_data)
        return json_answer(operation_result())
