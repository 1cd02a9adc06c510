"""View with which people register by mail address."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import done
from accounts.mails.people import is_delayed
from accounts.people.callers import client_ip
from accounts.signup.registration import register
from accounts.wire.forms import OperationSerializer, RegisterSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent

_DELAYED: Final = {
    "message": "操作成功，邮件服务器暂不可用，邮件将稍后发送",
    "messageEn": "The mail server takes no mails just now; yours waits and is sent "
    "as soon as it does",
}


class RegisterView(APIView):
    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="admin_register",
        tags=["admin"],
        summary="Register with a mail address, to which a key is sent",
        request=RegisterSerializer,
        responses=OperationSerializer,
        examples=[sent({"email": "alice@example.com"}), done()],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = RegisterSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        register(
            fields["email"],
            address=client_ip(request._request),
            invitation=fields["invitation"].strip(),
        )
        return json_answer(operation_result() | (_DELAYED if is_delayed() else {}))
