"""Lists of words as the API shows and reads them: subjects, banned words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict, TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers

from accounts.models import DomainTag
from accounts.models.tags import KeywordList, keywords_of
from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text, Whole
from mjproxy.lib.validators.number_limits import limits_of

L = TypeVar("L", bound=KeywordList)
FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "keywords": "keywords",
    "enable": "enabled",
    "weight": "weight",
    "sort": "sort",
    "description": "description",
}
EXAMPLE: Final[Mapping[str, object]] = {
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


def _limits(field: str) -> dict[str, float]:
    return limits_of(DomainTag._meta.get_field(field))


def words(most: int) -> Items:
    """Return the field of a list of words."""
    return Items(
        child=serializers.CharField(max_length=100, allow_blank=True),
        required=False,
        max_length=most,
        help_text="Stored trimmed, in lower case, each once.",
    )


class KeywordListSerializer(DialectSerializer):
    """A list. Members not sent keep their value or their default."""

    id = Text(help_text="Empty: create one.")
    name = Text(default=serializers.empty, max_length=100)
    keywords = words(1000)
    enable = serializers.BooleanField(required=False)
    weight = Whole(**_limits("weight"))
    sort = Whole(**_limits("sort"))
    description = Text(default=serializers.empty, max_length=400)

    def fill(self, row: L) -> L:
        """Set the sent values on the row and return it."""
        for name, field in FIELDS.items():
            if name in self.validated_data:
                setattr(row, field, self.validated_data[name])
        row.keywords = keywords_of(row.keywords)
        return row


class KeywordSearchSerializer(DialectSerializer):
    id = Text()
    keywords = Items(
        child=serializers.CharField(allow_blank=True), max_length=1000, required=False
    )


class KeywordSearch(TypedDict):
    """Members of a search, as its form has read them."""

    id: str
    keywords: NotRequired[list[str]]


def keyword_list_json(row: KeywordList) -> dict[str, object]:
    """Return a list in JSON."""
    created, updated = map(timezone.localtime, (row.created_at, row.updated_at))
    return {
        "id": str(row.pk),
        "properties": {},
        **{name: getattr(row, field) for name, field in FIELDS.items()},
        "createTime": created.isoformat(),
        "updateTime": updated.isoformat(),
        "createTimeFormat": f"{created:%Y-%m-%d %H:%M}",
        "updateTimeFormat": f"{updated:%Y-%m-%d %H:%M}",
    }


def with_word(rows: QuerySet[L], search: KeywordSearch) -> QuerySet[L]:
    """Return the rows that have the first of the searched words.

    Not every database can search a JSON list; there are few rows.
    """
    asked = keywords_of(search.get("keywords", [])[:1])
    if not asked:
        return rows
    known = rows.values_list("pk", "keywords")
    return rows.filter(pk__in=[pk for pk, words in known if asked[0] in words])
