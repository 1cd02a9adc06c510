"""Views with which the operators' page of another server signs in with a key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import IsOperator
from accounts.api.requests import user_of
from accounts.exceptions import InvalidField
from accounts.people.callers import client_ip
from accounts.people.keys import owner_of
from mjproxy.lib.dialect.answers import json_answer, throttled
from mjproxy.lib.dialect.examples import sent
from mjproxy.lib.web.throttle import WINDOW, forget_tries, too_many_tries


class LoginView(APIView):
    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="admin_login",
        tags=["admin"],
        summary="Tell whether a key is an operator's; the body is a JSON string",
        request=OpenApiTypes.STR,
        responses=OpenApiTypes.OBJECT,
        examples=[
            sent("mjp_..."),
            OpenApiExample(
                "an operator's",
                value={"code": 1, "apiSecret": "mjp_..."},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        sent: Any = request.data
        key = sent.strip() if isinstance(sent, str) else ""
        if not key:
            raise InvalidField("禁止登录", "Login needs a key")
        address = client_ip(request._request)
        if too_many_tries(address=address, name=""):
            raise throttled(WINDOW, "请求过于频繁 / Too many tries, wait some minutes")
        user = owner_of([key])
        if user is None:
            raise InvalidField("用户 Token 错误", "No user has this key")
        if not user.is_operator:
            raise InvalidField("用户无权限", "This user is no operator")
        forget_tries(address=address, name="")
        return json_answer({"code": 1, "apiSecret": key})


class LogoutView(APIView):
    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="admin_logout",
        tags=["admin"],
        summary="Nothing: a key stays valid until it is revoked",
        request=None,
        responses=OpenApiResponse(description="Empty."),
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        return HttpResponse()


class CurrentView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_current",
        tags=["admin"],
        summary="The operator whose key was sent",
        responses=OpenApiTypes.OBJECT,
        examples=[
            OpenApiExample(
                "operator",
                value={"id": "admin", "name": "admin", "access": "admin"},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        name = user_of(request).get_username()
        return json_answer(
            {
                "id": name,
                "userid": name,
                "name": name,
                "apiSecret": None,  # the caller has it, and answers may be logged
                "version": settings.VERSION,
                "active": True,
                "access": "admin",
                "imagePrefix": "",
                "tags": [{"key": "role", "label": "ADMIN"}],
            }
        )
