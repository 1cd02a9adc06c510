"""Views for the subjects of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import IsOperator
from accounts.api.tables import TABLE_OR_FAILURE, TableSerializer, page_of
from accounts.editing.pool import delete_tag, save_tag
from accounts.exceptions import InvalidField
from accounts.models import DomainTag
from accounts.models.tags import keywords_of
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent
from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text, Whole
from mjproxy.lib.validators.number_limits import limits_of

_FIELDS: Final = {
    "name": "name",
    "keywords": "keywords",
    "enable": "enabled",
    "weight": "weight",
    "sort": "sort",
    "description": "description",
}
_TAG: Final[Mapping[str, object]] = {
    "id": "1",
    "properties": {},
    "name": "Animals",
    "keywords": ["cats", "fox"],
    "enable": True,
    "weight": 0,
    "sort": 0,
    "description": "",
    "createTime": "2026-11-18T11:06:40+00:00",
    "updateTime": "2026-11-18T11:06:40+00:00",
    "createTimeFormat": "2026-11-18 11:06",
    "updateTimeFormat": "2026-11-18 11:06",
}
_PAGE: Final = {"current": 1, "pageSize": 10, "total": 1, "pageCount": 1}
_CHOICE: Final[Mapping[str, object]] = {
    "label": "Animals",
    "value": "1",
    "disabled": False,
    "default": False,
    "description": "",
    "image": None,
    "count": 2,
}


def _limits(field: str) -> dict[str, float]:
    return limits_of(DomainTag._meta.get_field(field))


class DomainTagSerializer(DialectSerializer):
    """A subject. Members not sent keep their value or their default."""

    id = Text(help_text="Empty: create a subject.")
    name = Text(default=serializers.empty, max_length=100)
    keywords = Items(
        child=serializers.CharField(max_length=100, allow_blank=True),
        required=False,
        max_length=1000,
        help_text="Stored trimmed, in lower case, each once.",
    )
    enable = serializers.BooleanField(required=False)
    weight = Whole(**_limits("weight"))
    sort = Whole(**_limits("sort"))
    description = Text(default=serializers.empty, max_length=400)

    def fill(self, tag: DomainTag) -> DomainTag:
        """Set the sent values on the tag and return it."""
        for name, field in _FIELDS.items():
            if name in self.validated_data:
                setattr(tag, field, self.validated_data[name])
        tag.keywords = keywords_of(tag.keywords)
        return tag


class TagSearchSerializer(DialectSerializer):
    id = Text()
    keywords = Items(
        child=serializers.CharField(allow_blank=True), max_length=1000, required=False
    )


class TagSearch(TypedDict):
    """Members of a search, as its form has read them."""

    id: str
    keywords: NotRequired[list[str]]


class TagChoicesSerializer(OperationSerializer):
    """The subjects as a list to choose from."""

    data = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]


class DomainTagsView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_domain_tag_choices",
        tags=["admin"],
        summary="The subjects, to choose from",
        responses=TagChoicesSerializer,
        examples=[
            OpenApiExample(
                "tags",
                value=operation_result(data=[_CHOICE]),
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
                value={"list": [_TAG], "pagination": _PAGE},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = TableSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        search = TagSearchSerializer(data=form.validated_data.get("search", {}))
        search.is_valid(raise_exception=True)
        rows = _found(search.validated_data)
        page, pagination = page_of(rows, form.validated_data.get("pagination"))
        tags = [tag_json(tag) for tag in page]
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
                value=operation_result(data={"id": "1"}) | {"id": "1"},
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
        examples=[OpenApiExample("done", value=operation_result(), response_only=True)],
    )
    def delete(self, request: Request, tag_id: str, mode: str = "") -> HttpResponse:
        delete_tag(_tag_or_refuse(tag_id))
        return json_answer(operation_result())


def tag_json(tag: DomainTag) -> dict[str, object]:
    """Return a subject in JSON."""
    created, updated = map(timezone.localtime, (tag.created_at, tag.updated_at))
    return {
        "id": str(tag.pk),
        "properties": {},
        **{name: getattr(tag, field) for name, field in _FIELDS.items()},
        "createTime": created.isoformat(),
        "updateTime": updated.isoformat(),
        "createTimeFormat": f"{created:%Y-%m-%d %H:%M}",
        "updateTimeFormat": f"{updated:%Y-%m-%d %H:%M}",
    }


def _found(search: TagSearch) -> QuerySet[DomainTag]:
    rows = DomainTag.objects.all()
    if tag_id := search["id"].strip():
        rows = rows.filter(pk=_number(tag_id))
    if words := keywords_of(search.get("keywords", [])[:1]):
        # Not every database can search a JSON list; there are few tags.
        tags = rows.values_list("pk", "keywords")
        rows = rows.filter(pk__in=[pk for pk, known in tags if words[0] in known])
    return rows


def _tag_or_refuse(tag_id: str) -> DomainTag:
    tag = DomainTag.objects.filter(pk=_number(tag_id)).first()
    if tag is None:
        raise InvalidField("领域标签不存在", "Domain tag does not exist")
    return tag


def _number(text: str) -> int:
    """Return the id in a text, or 0, which no row has."""
    is_id = text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if is_id else 0
