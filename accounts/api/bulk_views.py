"""Views of many accounts for operators: the list, the table, one change for all."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.account_search import (
    MOST_IDS,
    SORTED_BY,
    AccountSearchSerializer,
    WhichSerializer,
    chosen,
    found,
)
from accounts.api.examples import OPERATORS_ACCOUNT, PAGE, done
from accounts.api.permissions import TABLE_LOOKS, IsOperator
from accounts.api.requests import asker_behind, user_of
from accounts.api.tables import (
    TABLE_OR_FAILURE,
    TableSerializer,
    in_order,
    page_of,
    read_table,
)
from accounts.api.views import live
from accounts.editing import many
from accounts.exceptions import InvalidField
from accounts.selectors import enabled_accounts, without_secrets
from accounts.wire.account import RELATED, PoolAccountSerializer
from accounts.wire.forms import (
    BulkChangesSerializer,
    OperationSerializer,
    by_field,
    said_by_member,
)
from mjproxy.lib.dialect.answers import compressed, json_answer, operation_result
from mjproxy.lib.dialect.examples import answered, sent
from mjproxy.lib.dialect.fields import DialectSerializer, Items


class BulkEditSerializer(WhichSerializer):
    """Accounts, and the values to write to each of them."""

    changes = BulkChangesSerializer()


class AccountIdsSerializer(DialectSerializer):
    """Ids with `enable`, or only a list of ids to enable."""

    ids = Items(child=serializers.CharField(max_length=20), max_length=MOST_IDS)
    enable = serializers.BooleanField(default=True)

    def to_internal_value(self, data: Any) -> dict[str, object]:
        return super().to_internal_value({"ids": data} if type(data) is list else data)


@compressed
class AdminAccountsView(APIView):
    permission_classes = [IsOperator]
    looks = TABLE_LOOKS

    @extend_schema(
        operation_id="admin_account_list",
        tags=["admin"],
        summary="The enabled accounts with their load",
        responses=PoolAccountSerializer(many=True),
        examples=[answered("pool", [OPERATORS_ACCOUNT])],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        rows = without_secrets(enabled_accounts()).prefetch_related(*RELATED)
        return json_answer(live(rows, user_of(request), whole=False))

    @extend_schema(
        operation_id="admin_account_table",
        tags=["admin"],
        summary="A page of the accounts, searched and sorted",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            answered("page", {"list": [OPERATORS_ACCOUNT], "pagination": PAGE}),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        asked, search = read_table(request, AccountSearchSerializer)
        rows = in_order(found(search), asked.get("sort"), SORTED_BY)
        rows = rows.prefetch_related(*RELATED, "snapshots")
        page, pagination = page_of(rows, asked.get("pagination"), asker_behind(request))
        shown = live(page, user_of(request), whole=True)
        return json_answer({"list": shown, "pagination": pagination})

    @extend_schema(
        operation_id="admin_account_edit_many",
        tags=["admin"],
        summary="Edit many accounts; if one cannot be edited, none is",
        description="`ids` (1000 at most), or the `search` of the table; an empty "
        "search finds all. `data.errors` has the errors by row id.",
        request=BulkEditSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"search": {"group": "night"}, "changes": {"interval": 3}}),
            done(count=12),
        ],
    )
    def put(self, request: Request, mode: str = "") -> HttpResponse:
        form = BulkEditSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data["changes"]
        changes = by_field(BulkChangesSerializer.members, wanted)
        if not changes:
            raise InvalidField("参数错误", "Nothing is to be changed")
        try:
            count = many.edit_many(
                chosen(form.validated_data), changes, by=user_of(request).username
            )
        except ValidationError as exc:
            text = said_by_member(exc)
            raise InvalidField(f"参数错误: {text}", text) from exc
        except many.NotForAll as exc:
            return json_answer(_refused(exc))
        return json_answer(operation_result(data={"count": count}))


class EnableAccountsView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_enable",
        tags=["admin"],
        summary="Enable many accounts, or with `enable` false disable them",
        request=AccountIdsSerializer,
        responses=OperationSerializer,
        examples=[sent({"ids": ["1", "2"]}), done(count=2)],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = AccountIdsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        enabled = form.validated_data["enable"]
        rows = chosen({"ids": form.validated_data["ids"]})
        count = many.enable_many(
            rows.values_list("pk", flat=True),
            enabled=enabled,
            by=user_of(request).username,
        )
        text = f"已{'启用' if enabled else '禁用'} {count} 个账号"
        return json_answer(operation_result(data={"count": count}, message=text))


def _refused(exc: many.NotForAll) -> dict[str, object]:
    errors = {str(pk): said_by_member(error) for pk, error in exc.errors.items()}
    first = next(iter(errors.values()))
    return operation_result(
        success=False, message=f"参数错误: {first}", data={"errors": errors}
    ) | {"messageEn": str(exc)}
