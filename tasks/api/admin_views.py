"""The pool as operators see and steer it, with the load of each account."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.answers import json_answer, operation_result
from accounts.api.fields import DialectSerializer, Text
from accounts.api.permissions import IsOperator
from accounts.api.requests import user_of
from accounts.api.serializers import OperationSerializer
from accounts.api.tables import (
    TABLE_OR_FAILURE,
    TableSerializer,
    in_order,
    page_of,
)
from accounts.api.views import AccountView, account_or_refuse
from accounts.models import DiscordAccount, User
from accounts.selectors import enabled_accounts, without_secrets
from accounts.services import set_enabled
from tasks.api.examples import answered, sent
from tasks.api.pool_views import ACCOUNT, PoolAccountSerializer, account_json
from tasks.ids import first_id_at
from tasks.models import Task
from tasks.selectors import load

_SORTED_BY: Final = {
    "guildId": "guild_id",
    "channelId": "channel_id",
    "enable": "enabled",
    "remark": "remark",
    "dateCreated": "created_at",
}


_PAGE: Final = {"current": 1, "pageSize": 10, "total": 1, "pageCount": 1}
ACCOUNT_OR_FAILURE: Final = PolymorphicProxySerializer(
    component_name="AccountOrFailure",
    serializers=[PoolAccountSerializer, OperationSerializer],
    resource_type_field_name=None,
)


class AccountSearchSerializer(DialectSerializer):
    guildId = Text()
    channelId = Text()
    enable = serializers.BooleanField(required=False)
    remark = Text()


class AccountIdsSerializer(DialectSerializer):
    ids = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=1000
    )
    enable = serializers.BooleanField(default=True)


class AdminAccountsView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_list",
        tags=["admin"],
        summary="The enabled accounts with their load",
        responses=PoolAccountSerializer(many=True),
        examples=[answered("pool", [ACCOUNT])],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        rows = without_secrets(enabled_accounts())
        return json_answer(_live(list(rows), user_of(request)))

    @extend_schema(
        operation_id="admin_account_table",
        tags=["admin"],
        summary="A page of the accounts, searched and sorted",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            answered("page", {"list": [ACCOUNT], "pagination": _PAGE}),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = TableSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        search = AccountSearchSerializer(data=asked.get("search", {}))
        search.is_valid(raise_exception=True)
        rows = in_order(_found(search.validated_data), asked.get("sort"), _SORTED_BY)
        page, pagination = page_of(rows, asked.get("pagination"))
        found = _live(page, user_of(request))
        return json_answer({"list": found, "pagination": pagination})


class AdminAccountView(AccountView):
    @extend_schema(
        operation_id="admin_account_fetch",
        tags=["admin"],
        summary="One account with its load",
        parameters=[OpenApiParameter("account_id", str, OpenApiParameter.PATH)],
        responses=ACCOUNT_OR_FAILURE,
        examples=[answered("account", ACCOUNT)],
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_or_refuse(account_id)
        return json_answer(_live([account], user_of(request))[0])


class EnableAccountsView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_enable",
        tags=["admin"],
        summary="Enable many accounts, or with `enable` false disable them",
        request=AccountIdsSerializer,
        responses=OperationSerializer,
        examples=[sent({"ids": ["1", "2"]}), answered("done", operation_result())],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = AccountIdsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        accounts = [account_or_refuse(each) for each in form.validated_data["ids"]]
        for account in accounts:
            set_enabled(account, enabled=form.validated_data["enable"])
        return json_answer(operation_result())


class HomeView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="home",
        tags=["admin"],
        summary="How much was drawn",
        responses=OpenApiTypes.OBJECT,
        examples=[answered("home", operation_result(data={"todayDraw": 12}))],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        midnight = timezone.localtime().replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        today = first_id_at(midnight)
        yesterday = first_id_at(midnight - timedelta(days=1))
        tasks = Task.objects.order_by()
        data = {
            "isRegister": False,
            "isGuest": False,
            "isDemoMode": False,
            "version": settings.VERSION,
            "todayDraw": tasks.filter(pk__gte=today).count(),
            "yesterdayDraw": tasks.filter(pk__gte=yesterday, pk__lt=today).count(),
            "totalDraw": tasks.count(),
            "notify": "",
            "tops": {},
        }
        return json_answer(operation_result(data=data))


def _found(search: dict[str, Any]) -> Any:
    rows = without_secrets(DiscordAccount.objects.all())
    if guild := search["guildId"].strip():
        rows = rows.filter(guild_id=guild)
    if channel := search["channelId"].strip():
        rows = rows.filter(channel_id=channel)
    if "enable" in search:
        rows = rows.filter(enabled=search["enable"])
    if remark := search["remark"].strip():
        rows = rows.filter(remark__icontains=remark)
    return rows


def _live(accounts: list[DiscordAccount], viewer: User) -> list[dict[str, Any]]:
    running, queued = load()
    return [
        {"displays": {"mode": account.mode}}
        | account_json(
            account,
            viewer,
            running=running.get(account.pk, 0),
            queued=queued.get(account.pk, 0),
        )
        for account in accounts
    ]
