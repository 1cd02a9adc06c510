"""Views for the subjects of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import PAGE
from accounts.api.permissions import TABLE_LOOKS, IsOperator
from accounts.api.requests import asker_behind, id_in
from accounts.api.tables import TABLE_OR_FAILURE, TableSerializer, page_of, read_table
from accounts.editing.pool import delete_tag, save_tag
from accounts.exceptions import InvalidField
from accounts.models import DomainTag
from accounts.wire.forms import OperationSerializer
from accounts.wire.keyword_lists import (
    EXAMPLE,
    KeywordListSerializer,
    KeywordSearch,
    KeywordSearchSerializer,
    keyword_list_json,
    with_word,
)
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import operated, sent

_CHOICE: Final[Mapping[str, object]] = {
    "label": "Animals",
    "value": "1",
    "disabled": False,
    "default": False,
    "description": "",
    "image": None,
    "count": 2,
}


class DomainTagSerializer(KeywordListSerializer):
    """A subject. Members not sent keep their value or their default."""


class TagChoicesSerializer(OperationSerializer):
    """The subjects as a list to choose from."""

    data = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]


class DomainTagsView(APIView):
    permission_classes = [IsOperator]
    looks = TABLE_LOOKS

    @extend_schema(
        operation_id="admin_domain_tag_choices",
        tags=["admin"],
        summary="The subjects, to choose from",
        responses=TagChoicesSerializer,
        examples=[
            OpenApiExample(
                "tags",
                value=operated([_CHOICE]),
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        choices = [
            {
                "label": tag.name,
                "value": str(tag.pk),
                "disabled": not tag.enabled,
                "default": False,
                "description": tag.description,
                "image": None,
                "count": len(tag.keywords),
            }
            for tag in DomainTag.objects.all()
        ]
        return json_answer(operation_result(data=choices))

    @extend_schema(
        operation_id="admin_domain_tag_table",
        tags=["admin"],
        summary="A page of the subjects",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            OpenApiExample(
                "page",
                value={"list": [EXAMPLE], "pagination": PAGE},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        asked, search = read_table(request, KeywordSearchSerializer)
        page, pagination = page_of(
            _found(search), asked.get("pagination"), asker_behind(request)
        )
        tags = [keyword_list_json(tag) for tag in page]
        return json_answer({"list": tags, "pagination": pagination})


class SaveDomainTagView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_domain_tag_save",
        tags=["admin"],
        summary="Create or change a subject; members not sent stay",
        request=DomainTagSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"name": "Animals", "keywords": ["fox", "cats"]}),
            OpenApiExample(
                "done",
                value={**operated({"id": "1"}), "id": "1"},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = DomainTagSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        tag_id = form.validated_data["id"].strip()
        tag = form.fill(_tag_or_refuse(tag_id) if tag_id else DomainTag())
        if not tag.name.strip():
            raise InvalidField("名称不能为空", "A subject needs a name")
        save_tag(tag)
        saved = {"id": str(tag.pk)}
        return json_answer(operation_result(data=saved) | saved)


class DomainTagView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_domain_tag_delete",
        tags=["admin"],
        summary="Remove a subject",
        parameters=[OpenApiParameter("tag_id", str, OpenApiParameter.PATH)],
        responses={200: OperationSerializer},
        examples=[OpenApiExample("done", value=operated(), response_only=True)],
    )
    def delete(self, request: Request, tag_id: str, mode: str = "") -> HttpResponse:
        delete_tag(_tag_or_refuse(tag_id))
        return json_answer(operation_result())


def _found(search: KeywordSearch) -> QuerySet[DomainTag]:
    rows = DomainTag.objects.all()
    if tag_id := search["id"].strip():
        rows = rows.filter(pk=id_in(tag_id))
    return with_word(rows, search)


def _tag_or_refuse(tag_id: str) -> DomainTag:
    tag = DomainTag.objects.filter(pk=id_in(tag_id)).first()
    if tag is None:
        raise InvalidField("领域标签不存在", "Domain tag does not exist")
    return tag
