"""Views for the groups of banned words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import PAGE
from accounts.api.permissions import TABLE_LOOKS, IsOperator
from accounts.api.requests import asker_behind
from accounts.api.tables import TABLE_OR_FAILURE, TableSerializer, page_of, read_table
from accounts.exceptions import InvalidField
from accounts.wire.forms import OperationSerializer
from accounts.wire.keyword_lists import (
    EXAMPLE,
    KeywordListSerializer,
    KeywordSearchSerializer,
    keyword_list_json,
    with_word,
    words,
)
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import operated, sent
from tasks.models import BannedWordGroup
from tasks.models.word import MOST_TERMS
from tasks.prompts.banned.groups import delete_group, save_group

_GROUP: Final[Mapping[str, object]] = {
    **EXAMPLE,
    "id": "default",
    "name": "Default",
    "keywords": ["gore", "nude"],
    "allowed": ["nude beach"],
}


class BannedWordSerializer(KeywordListSerializer):
    """A group of terms. Members not sent keep their value or their default."""

    keywords = words(MOST_TERMS)
    allowed = words(MOST_TERMS)

    def filled(self, group: BannedWordGroup) -> BannedWordGroup:
        """Set the sent values on the group and return it."""
        if "allowed" in self.validated_data:
            group.allowed = self.validated_data["allowed"]
        return self.fill(group)


class BannedWordsView(APIView):
    permission_classes = [IsOperator]
    looks = TABLE_LOOKS

    @extend_schema(
        operation_id="admin_banned_word_table",
        tags=["admin"],
        summary="A page of the groups of banned words",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            OpenApiExample(
                "page",
                value={"list": [_GROUP], "pagination": PAGE},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        asked, search = read_table(request, KeywordSearchSerializer)
        rows = BannedWordGroup.objects.all()
        if search["id"].strip():
            rows = rows.filter(pk=search["id"].strip())
        page, pagination = page_of(
            with_word(rows, search), asked.get("pagination"), asker_behind(request)
        )
        groups = [keyword_list_json(row) | {"allowed": row.allowed} for row in page]
        return json_answer({"list": groups, "pagination": pagination})


class SaveBannedWordView(APIView):
    permission_classes = [IsOperator]
    most_parts = 2 * MOST_TERMS + 1000

    @extend_schema(
        operation_id="admin_banned_word_save",
        tags=["admin"],
        summary="Create or change a group of banned words; members not sent stay",
        request=BannedWordSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"name": "By law", "keywords": ["gore"], "allowed": ["gore-tex"]}),
            OpenApiExample(
                "done",
                value={**operated({"id": "default"}), "id": "default"},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = BannedWordSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        group_id = form.validated_data["id"].strip()
        group = _group_or_refuse(group_id) if group_id else BannedWordGroup()
        save_group(form.filled(group))
        saved = {"id": group.pk}
        return json_answer(operation_result(data=saved) | saved)


class BannedWordView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_banned_word_delete",
        tags=["admin"],
        summary="Remove a group of banned words; the default one stays",
        parameters=[OpenApiParameter("group_id", str, OpenApiParameter.PATH)],
        responses={200: OperationSerializer},
        examples=[OpenApiExample("done", value=operated(), response_only=True)],
    )
    def delete(self, request: Request, group_id: str, mode: str = "") -> HttpResponse:
        delete_group(_group_or_refuse(group_id))
        return json_answer(operation_result())


def _group_or_refuse(group_id: str) -> BannedWordGroup:
    known = BannedWordGroup.objects.filter(pk=group_id)
    group = known.first() if group_id.isalnum() else None
    if group is None:
        raise InvalidField("违规词不存在", "There is no such group of banned words")
    return group
