"""Views with which operators read an account at Discord and press its settings."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import IsOperator
from accounts.enums import BotType
from accounts.exceptions import InvalidField, NoAccountAvailable
from accounts.models import DiscordAccount
from accounts.selectors import account_by_id
from accounts.states import WITHOUT_SOCKET
from accounts.wire.forms import OperationSerializer
from gateway.models import AccountQuery
from gateway.queries import ask
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent
from mjproxy.lib.dialect.fields import DialectSerializer, Text, Word

_ACCOUNT_ID = OpenApiParameter("account_id", str, OpenApiParameter.PATH)
_ASKED = OpenApiExample(
    "asked",
    value={
        "success": True,
        "code": 0,
        "message": "操作成功",
        "timestamp": "639282096000000000",
        "data": {"queries": ["7"]},
    },
    response_only=True,
)
_LINES = "Answers arrive within seconds, in the account's own members."


class BotSerializer(DialectSerializer):
    botType = Word(
        BotType.MID_JOURNEY, BotType.NIJI_JOURNEY, default=BotType.MID_JOURNEY
    )


class VersionSerializer(BotSerializer):
    version = Text(help_text="A `customId` of `versionSelector`.")


class PressSerializer(BotSerializer):
    customId = Text(help_text="That of one of the account's `buttons`.")


class CommandSerializer(BotSerializer):
    command = Text(help_text=f"One of {', '.join(ask.COMMANDS)}.")
    value = Text(help_text="The new suffix of `prefer suffix`; empty: none.")


class AccountSyncView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_sync",
        tags=["admin"],
        summary="Read an account's plan and settings now",
        description=_LINES,
        parameters=[_ACCOUNT_ID],
        request=None,
        responses=OperationSerializer,
        examples=[_ASKED],
    )
    def post(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = _account(account_id)
        return _asked(ask.ask_sync(account, by_hand=True))


class AccountVersionView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_change_version",
        tags=["admin"],
        summary="Choose the version that an account draws with",
        description=_LINES,
        parameters=[_ACCOUNT_ID, VersionSerializer],
        request=VersionSerializer,
        responses=OperationSerializer,
        examples=[sent({"version": "7"}), _ASKED],
    )
    def post(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account, said = _account(account_id), _read(VersionSerializer, request)
        queries = ask.ask_version(account, said["botType"], said["version"])
        return _asked(queries)


class AccountActionView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_action",
        tags=["admin"],
        summary="Press a button of an account's settings",
        description=_LINES,
        parameters=[_ACCOUNT_ID, PressSerializer],
        request=PressSerializer,
        responses=OperationSerializer,
        examples=[sent({"customId": "..."}), _ASKED],
    )
    def post(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account, said = _account(account_id), _read(PressSerializer, request)
        queries = ask.ask_press(account, said["botType"], said["customId"])
        return _asked(queries)


class AccountCommandView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_command",
        tags=["admin"],
        summary="Run a command that changes how an account draws",
        description=_LINES,
        parameters=[_ACCOUNT_ID, CommandSerializer],
        request=CommandSerializer,
        responses=OperationSerializer,
        examples=[sent({"command": "prefer suffix", "value": "--s 50"}), _ASKED],
    )
    def post(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account, said = _account(account_id), _read(CommandSerializer, request)
        return _asked(
            ask.ask_command(
                account, said["botType"], said["command"].strip(), said["value"]
            )
        )


def _account(account_id: str) -> DiscordAccount:
    account = account_by_id(account_id)
    if account is None:
        raise InvalidField("未找到账号实例", "Account does not exist")
    if not account.enabled or account.state in WITHOUT_SOCKET:
        raise NoAccountAvailable
    return account


def _read(form: type[DialectSerializer], request: Request) -> dict[str, str]:
    """Return the fields of the query string, completed from the body."""
    sent: Any = request.data
    body = {} if sent is None else sent
    form(data=body).is_valid(raise_exception=True)  # the body is validated as a whole
    said = form(data={**body, **request.query_params.dict()})
    said.is_valid(raise_exception=True)
    fields: dict[str, str] = said.validated_data
    return fields


def _asked(queries: Sequence[AccountQuery]) -> HttpResponse:
    asked = [str(query.pk) for query in queries]
    return json_answer(operation_result(data={"queries": asked}))


class QuerySerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    bot = serializers.CharField()
    kind = serializers.CharField()
    target = serializers.CharField()
    state = serializers.CharField(help_text="waiting, sent, done or failed.")
    answer = serializers.CharField()
    error = serializers.CharField()


_QUERY = {
    "id": "7",
    "bot": BotType.MID_JOURNEY.value,
    "kind": "command",
    "target": "relax",
    "state": "done",
    "answer": "Done!",
    "error": "",
}


class AccountQueriesView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_queries",
        tags=["admin"],
        summary="What was asked of an account's bots lately, newest first",
        parameters=[_ACCOUNT_ID],
        responses=QuerySerializer(many=True),
        examples=[OpenApiExample("queries", value=[_QUERY], response_only=True)],
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_by_id(account_id)
        rows = AccountQuery.objects.filter(account=account).order_by("-pk")[:50]
        return json_answer(
            [
                {
                    "id": str(row.pk),
                    "bot": row.bot,
                    "kind": row.kind,
                    "target": row.target or row.value,
                    "state": row.state,
                    "answer": row.answer,
                    "error": row.error,
                }
                for row in rows
            ]
        )
