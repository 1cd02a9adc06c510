"""The pool as operators see and steer it, with the load of each account."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request

from accounts.api.account_search import SORTED_BY, AccountSearchSerializer, found
from accounts.api.bulk_views import BulkEditView
from accounts.api.requests import user_of
from accounts.api.tables import (
    TABLE_OR_FAILURE,
    TableSerializer,
    in_order,
    page_of,
)
from accounts.api.views import AccountView, account_or_refuse
from accounts.models import DiscordAccount, User
from accounts.selectors import enabled_accounts, without_secrets
from accounts.wire.account import (
    RELATED,
    FetchedAccountSerializer,
    PoolAccountSerializer,
    account_json,
)
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import compressed, json_answer
from tasks.api.pool_views import OPERATORS_ACCOUNT
from tasks.api.shapes.examples import answered, sent
from tasks.load import load

_PAGE: Final = {"current": 1, "pageSize": 10, "total": 1, "pageCount": 1}
ACCOUNT_OR_FAILURE: Final = PolymorphicProxySerializer(
    component_name="AccountOrFailure",
    serializers=[FetchedAccountSerializer, OperationSerializer],
    resource_type_field_name=None,
)


@compressed
class AdminAccountsView(BulkEditView):
    @extend_schema(
        operation_id="admin_account_list",
        tags=["admin"],
        summary="The enabled accounts with their load",
        responses=PoolAccountSerializer(many=True),
        examples=[answered("pool", [OPERATORS_ACCOUNT])],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        rows = without_secrets(enabled_accounts()).prefetch_related(*RELATED)
        return json_answer(_live(list(rows), user_of(request), whole=False))

    @extend_schema(
        operation_id="admin_account_table",
        tags=["admin"],
        summary="A page of the accounts, searched and sorted",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            answered("page", {"list": [OPERATORS_ACCOUNT], "pagination": _PAGE}),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = TableSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        search = AccountSearchSerializer(data=asked.get("search", {}))
        search.is_valid(raise_exception=True)
        rows = in_order(found(search.validated_data), asked.get("sort"), SORTED_BY)
        rows = rows.prefetch_related(*RELATED, "snapshots")
        page, pagination = page_of(rows, asked.get("pagination"))
        shown = _live(page, user_of(request), whole=True)
        return json_answer({"list": shown, "pagination": pagination})


class AdminAccountView(AccountView):
    @extend_schema(
        operation_id="admin_account_fetch",
        tags=["admin"],
        summary="One account with its load",
        parameters=[OpenApiParameter("account_id", str, OpenApiParameter.PATH)],
        responses=ACCOUNT_OR_FAILURE,
        examples=[answered("account", OPERATORS_ACCOUNT)],
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_or_refuse(account_id)
        return json_answer(_live([account], user_of(request), whole=True)[0])


def _live(
    accounts: list[DiscordAccount], viewer: User, *, whole: bool
) -> list[dict[str, Any]]:
    running, queued = load()
    return [
        {"displays": {}}  # pages look into it
        | account_json(
            account,
            viewer,
            running=running.get(account.pk, 0),
            queued=queued.get(account.pk, 0),
            whole=whole,
        )
        for account in accounts
    ]
