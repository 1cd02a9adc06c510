"""Views for operators: accounts of the pool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.core.exceptions import ValidationError
from django.db import Error
from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import OPERATORS_ACCOUNT, done, id_of
from accounts.api.permissions import IsOperator
from accounts.api.requests import user_of
from accounts.editing import save
from accounts.editing.discord_check import check
from accounts.editing.fields import Changes, fill, save_filled
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from accounts.selectors import account_by_id, channel_is_taken
from accounts.wire.account import FetchedAccountSerializer, accounts_json
from accounts.wire.forms import (
    AccountSerializer,
    OperationSerializer,
    said_by_member,
)
from mjproxy.lib.db.unique_races import checked_again
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import answered, sent

_ACCOUNT_ID = OpenApiParameter(
    "account_id", str, OpenApiParameter.PATH, description="Row id or channel id."
)


_PLAIN_ID = OpenApiParameter("account_id", str, OpenApiParameter.PATH)
ACCOUNT_OR_FAILURE: Final = PolymorphicProxySerializer(
    component_name="AccountOrFailure",
    serializers=[FetchedAccountSerializer, OperationSerializer],
    resource_type_field_name=None,
)
_NEW_ACCOUNT = {
    "guildId": "1118138338562560101",
    "channelId": "1400000000000000007",
    "userToken": "...",
}


class AddAccountView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_add",
        tags=["admin"],
        summary="Add an account to the pool",
        request=AccountSerializer,
        responses=OperationSerializer,
        examples=[sent(_NEW_ACCOUNT), done(id="1")],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = AccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        account = _save(DiscordAccount(), form.changes(), user_of(request))
        return _done(id=str(account.pk))


class AdminAccountView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_fetch",
        tags=["admin"],
        summary="One account with its load",
        parameters=[_PLAIN_ID],
        responses=ACCOUNT_OR_FAILURE,
        examples=[answered("account", OPERATORS_ACCOUNT)],
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_or_refuse(account_id)
        return json_answer(live([account], user_of(request), whole=True)[0])

    @extend_schema(
        operation_id="admin_account_edit",
        tags=["admin"],
        summary="Edit an account; members not sent stay",
        parameters=[_ACCOUNT_ID],
        request=AccountSerializer,
        responses=OperationSerializer,
        examples=[sent({"coreSize": 12}), done(id="1")],
    )
    def put(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        form = AccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        account = account_or_refuse(account_id)
        if form.validated_data.get("id") not in (None, str(account.pk)):
            raise InvalidField("参数错误", "The body names another account")
        _save(account, form.changes(), user_of(request))
        return _done(id=str(account.pk))

    @extend_schema(
        operation_id="admin_account_delete",
        tags=["admin"],
        summary="Remove an account from the pool",
        parameters=[_ACCOUNT_ID],
        responses={200: OperationSerializer},
        examples=[done()],
    )
    def delete(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        save.delete_account(account_or_refuse(account_id))
        return _done()


class ReconnectView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_reconnect",
        tags=["admin"],
        summary="Edit an account and connect it anew",
        parameters=[_ACCOUNT_ID],
        request=AccountSerializer,
        responses=OperationSerializer,
        examples=[sent({"id": "1"}), done(id="1")],
    )
    def put(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        form = AccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        account = account_or_refuse(account_id)
        if form.validated_data.get("id") != str(account.pk):
            raise InvalidField("参数错误", "The body must name the same account")
        changes = form.changes()
        for field in ("guild_id", "channel_id"):
            if changes.get(field, getattr(account, field)) != getattr(account, field):
                raise InvalidField(
                    "禁止修改频道 ID 和服务器 ID", "The channel and server stay"
                )
        if "allow_modes" in changes:
            # A known page sends its whole form and leaves out a cleared speed.
            changes.setdefault("mode", "")
        changes.setdefault("enabled", account.enabled)
        _save(account, changes, user_of(request))
        save.reconnect_by_hand(account)
        return _done(id=str(account.pk))


def live(
    accounts: Iterable[DiscordAccount], viewer: User, *, whole: bool
) -> list[dict[str, object]]:
    """Return accounts in JSON with their load, for the operators' pages."""
    shown = accounts_json(accounts, viewer, whole=whole)
    return [{"displays": {}} | each for each in shown]  # known pages read this member


def account_or_refuse(account_id: str) -> DiscordAccount:
    account = account_by_id(account_id)
    if account is None:
        raise InvalidField("账号不存在", "Account does not exist")
    return account


@checked_again
def _save(account: DiscordAccount, changes: Changes, operator: User) -> DiscordAccount:
    try:
        related = fill(account, changes)
        _refuse_taken(account)
        check(account, related.channels)
        return save_filled(account, related, by=operator.username)
    except ValidationError as exc:
        _refuse_taken(account)  # again: the check at Discord takes seconds
        text = said_by_member(exc)
        raise InvalidField(f"参数错误: {text}", text) from exc
    except (Error, DiscordAccount.DoesNotExist):
        if account.pk:
            account_or_refuse(str(account.pk))
        raise


def _refuse_taken(account: DiscordAccount) -> None:
    if channel_is_taken(account):
        raise InvalidField("渠道已存在", "Channel already exists")


def _done(**data: object) -> HttpResponse:
    return json_answer(operation_result(data=data or None) | id_of(data))
