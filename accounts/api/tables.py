"""Table requests of the dialect: a page, an order, a search; and the response."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.request import Request

from accounts.exceptions import DemoPages
from accounts.people.callers import Asker
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.fields import DialectSerializer, Text, Whole

MOST_ROWS: Final = 100
# A visitor sees so many pages of so many rows.
DEMO_ROWS: Final = 10
DEMO_PAGES: Final = 10


class PaginationSerializer(DialectSerializer):
    current = Whole(default=1)
    pageSize = Whole(default=10)


class SortSerializer(DialectSerializer):
    predicate = Text()
    reverse = serializers.BooleanField(default=False)


class TableSerializer(DialectSerializer):
    """A page of a table; each view has a form of its own for `search`."""

    pagination = PaginationSerializer(required=False)
    sort = SortSerializer(required=False)
    search = serializers.DictField(required=False)


class TableAnswerSerializer(serializers.Serializer[Any]):
    list = serializers.ListField(child=serializers.DictField())
    pagination = serializers.DictField()


# Errors have status 200 and the envelope of an operation.
TABLE_OR_FAILURE: Final = PolymorphicProxySerializer(
    component_name="TableOrFailure",
    serializers=[TableAnswerSerializer, OperationSerializer],
    resource_type_field_name=None,
)


def read_table(
    request: Request, search_form: type[serializers.Serializer[Any]]
) -> tuple[dict[str, Any], Any]:
    """Return what is asked of a table, and its search. Raises ValidationError."""
    form = TableSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    search = search_form(data=form.validated_data.get("search", {}))
    search.is_valid(raise_exception=True)
    return form.validated_data, search.validated_data


def in_order(rows: QuerySet[Any], sort: Any, names: Mapping[str, str]) -> QuerySet[Any]:
    """Sort by the member that `sort` names, if it is one of `names`."""
    predicate = (sort or {}).get("predicate", "").lower()
    field = {name.lower(): field for name, field in names.items()}.get(predicate)
    if field is None:
        return rows
    return rows.order_by(f"-{field}" if sort["reverse"] else field, "pk")


def page_of(
    rows: QuerySet[Any], asked: Any, asker: Asker, *, most: int | None = None
) -> tuple[list[Any], dict[str, int]]:
    """Return the rows of one page, at most `MOST_ROWS`, and its position.

    Rows after the first `most` are neither counted nor shown. Raises DemoPages.
    """
    asked = asked or {"current": 1, "pageSize": 10}
    size = min(max(asked["pageSize"], 1), MOST_ROWS)
    current = max(asked["current"], 1)
    if asker.is_visitor:
        size = DEMO_ROWS
        if current > DEMO_PAGES:
            raise DemoPages
    total = rows.order_by().values("pk")[:most].count()
    start = (current - 1) * size
    found = list(rows[start : min(start + size, total)]) if start < total else []
    return found, {
        "current": current,
        "pageSize": size,
        "total": total,
        "pageCount": -(-total // size),
    }
