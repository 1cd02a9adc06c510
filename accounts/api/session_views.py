"""Views with which the operators' page of another server signs in with a key."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.enums import Role
from accounts.exceptions import (
    InvalidField,
    KeyRefused,
    SignInNeeded,
    TooManyRequests,
    UserDisabled,
)
from accounts.models import User
from accounts.people.callers import Asker, client_ip
from accounts.people.keys import KeyFacts, owner_of
from accounts.selectors import access_settings
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer
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
        if not key and access_settings().demo_mode:
            return json_answer({"code": 1, "apiSecret": ""})
        if not key:
            raise InvalidField("禁止登录", "Login needs a key")
        address = client_ip(request._request)
        if too_many_tries(address=address, name=""):
            raise TooManyRequests(WINDOW)
        found = _owner(key, address)
        if found is None:
            raise InvalidField("用户 Token 错误", "No user has this key")
        if not found[0].is_operator:
            raise InvalidField("用户无权限", "This user is no operator")
        forget_tries(address=address, name="")
        return json_answer({"code": 1, "apiSecret": key})


def _owner(key: str, address: str | None) -> tuple[User, KeyFacts] | None:
    try:
        return owner_of([key], address)
    except UserDisabled as exc:
        raise InvalidField("用户已被禁用", exc.en) from exc
    except KeyRefused as exc:
        raise InvalidField(exc.zh, exc.en) from exc


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


_LABELS: Final = {
    Role.OPERATOR: "ADMIN",
    Role.USER: "USER",
    Role.GUEST: "Guest",
    Role.VISITOR: "Guest",
}


class CurrentView(APIView):
    permission_classes = []  # whoever has no name is refused below

    @extend_schema(
        operation_id="admin_current",
        tags=["admin"],
        summary="Who the caller is",
        responses={
            200: OpenApiTypes.OBJECT,
            403: OpenApiResponse(
                OperationSerializer, description="Nobody comes in without a key."
            ),
        },
        examples=[
            OpenApiExample(
                "operator",
                value={"id": "admin", "name": "admin", "access": "admin"},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        asker = request.auth
        if not isinstance(asker, Asker):
            raise SignInNeeded
        label = _LABELS[asker.role]
        name = label if label == "Guest" else asker.user.get_username()
        return json_answer(
            {
                "id": name,
                "userid": name,
                "name": name,
                "apiSecret": None,  # the caller has it, and answers may be logged
                "version": settings.VERSION,
                "active": True,
                "access": "admin" if asker.role == Role.OPERATOR else "",
                "imagePrefix": "",
                "tags": [{"key": "role", "label": label}],
            }
        )
