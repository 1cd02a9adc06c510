"""Views for human verification, for operators and their verification server."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypedDict

import orjson
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import ACCOUNT
from accounts.api.permissions import IsOperator
from accounts.api.requests import user_of
from accounts.api.views import account_or_refuse
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from accounts.people.callers import client_ip
from accounts.selectors import without_secrets
from accounts.verification import helper_server, lock
from accounts.wire.account import accounts_json
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.db.encrypted_field import readable
from mjproxy.lib.dialect.answers import (
    Look,
    json_answer,
    operation_result,
    waiting_answer,
)
from mjproxy.lib.dialect.examples import answered, sent
from mjproxy.lib.dialect.fields import DialectSerializer, Text
from mjproxy.lib.web import throttle

logger = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 25.0
MOST_BYTES: Final = 64 << 10  # of a report of a verification server
THROTTLE_SCOPE: Final = "verification"

_ACCOUNT_ID = OpenApiParameter("account_id", str, OpenApiParameter.PATH)
_ENVELOPE: Final = {
    "success": True,
    "code": 0,
    "message": "操作成功",
    "timestamp": "639282096000000000",
}
_LOCKED: Final = ACCOUNT | {
    "lock": True,
    "cfHashUrl": "https://936929561302675456.discordsays.com/captcha/api/c/.../ack?hash=1",
    "cfHashCreated": "2026-01-01T00:00:00+00:00",
    "cfUrl": "https://editor.midjourney.com/captcha/challenge/index.html?hash=...",
}


class RefreshSerializer(DialectSerializer):
    refresh = serializers.BooleanField(
        default=False, help_text="Make a new link; it is valid for 30 minutes."
    )


class VerificationView(APIView):
    permission_classes = [IsOperator]
    looks = ()  # its link can be answered by anyone, and may be made anew

    @extend_schema(
        operation_id="admin_account_verification",
        tags=["admin"],
        summary="A locked account, with the link for a person",
        parameters=[_ACCOUNT_ID, RefreshSerializer],
        responses=OperationSerializer,
        examples=[answered("locked", _ENVELOPE | {"data": _LOCKED})],
    )
    def get(
        self, request: Request, account_id: str, mode: str = ""
    ) -> HttpResponseBase:
        asked = RefreshSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        account = account_or_refuse(account_id)
        refresh = asked.validated_data["refresh"]
        row = lock.row_of(account)
        if not lock.members(account)["cfHashUrl"] or row is None:
            raise NoLink
        viewer = user_of(request)
        if not refresh:
            return json_answer(operation_result(data=_shown(account, viewer)))
        if not lock.want_page(account.pk):
            raise NoLink
        look = _when_made(account.pk, viewer, row.page_at)
        return waiting_answer(look, REFRESH_SECONDS)

    @extend_schema(
        operation_id="admin_account_verified",
        tags=["admin"],
        summary="Unlock an account after a person has passed the verification",
        parameters=[_ACCOUNT_ID],
        request=None,
        responses=OperationSerializer,
        examples=[answered("done", _ENVELOPE | {"data": None})],
    )
    def post(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_or_refuse(account_id)
        lock.passed(account.pk, by=user_of(request).get_username())
        return json_answer(operation_result())


class NoLink(InvalidField):
    def __init__(self) -> None:
        super().__init__("CF 验证链接不存在", "There is no verification link")


def _when_made(pk: int, viewer: User, before: datetime | None) -> Look:
    """Return a function that looks for a page newer than `before`."""

    def look(last: bool) -> Mapping[str, object] | None:  # noqa: FBT001
        account = without_secrets(DiscordAccount.objects.filter(pk=pk)).first()
        row = lock.row_of(account) if account else None
        if account is None or row is None:
            return _not_made("the account is gone")
        if row.wanted_at:
            return _not_made("not done in time") if last else None
        if not readable(row, "page_url") or row.page_at == before:
            return _not_made(row.error or "the account is not locked any more")
        return operation_result(data=_shown(account, viewer))

    return look


def _not_made(reason: str) -> dict[str, object]:
    result = operation_result(success=False, message=f"生成链接失败 / {reason}")
    return result | {"messageEn": f"No link was made: {reason}"}


def _shown(account: DiscordAccount, viewer: User) -> dict[str, object]:
    return accounts_json([account], viewer, whole=True)[0]


class ReportSerializer(DialectSerializer):
    """A report of a verification server. Names are case-insensitive."""

    url = Text(max_length=4000)
    state = Text(max_length=4000, help_text="The account's channel id.")
    secret = Text(max_length=4000)
    notifyHook = Text(max_length=4000)
    success = serializers.BooleanField(default=False)
    message = Text(max_length=4000)


class ReportFields(TypedDict):
    """Members of a report, as its form has read them."""

    url: str
    state: str
    secret: str
    notifyHook: str
    success: bool
    message: str


class VerificationReportView(APIView):
    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="admin_account_verification_report",
        tags=["admin"],
        summary="For your own verification server; ignored while no secret is set",
        request=ReportSerializer,
        responses=OpenApiResponse(description="Empty, whatever was sent."),
        examples=[
            sent(
                {
                    "url": _LOCKED["cfHashUrl"],
                    "state": ACCOUNT["channelId"],
                    "secret": "...",
                    "success": True,
                }
            )
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        if said := _report_in(request):
            _hear(said, client_ip(request._request))
        return HttpResponse()


def _report_in(request: Request) -> ReportFields | None:
    """Return the sent report, or None if the body is not one."""
    body = request._request.read(MOST_BYTES + 1)
    try:
        data = orjson.loads(body) if len(body) <= MOST_BYTES else None
    except orjson.JSONDecodeError:
        return None
    form = ReportSerializer(data=data)
    return form.validated_data if form.is_valid() else None


def _hear(said: ReportFields, address: str | None) -> None:
    if throttle.too_many_tries(address=address, name="", scope=THROTTLE_SCOPE):
        logger.warning("verification reports from %s: too many wrong ones", address)
        return
    if not helper_server.is_secret(said["secret"]):
        logger.warning("a verification report from %s without the secret", address)
        return
    throttle.forget_tries(address=address, name="", scope=THROTTLE_SCOPE)
    counted = helper_server.apply_report(
        url=said["url"],
        state=said["state"],
        success=said["success"],
        message=said["message"],
    )
    if not counted:
        logger.warning("a verification report from %s fits no locked account", address)
