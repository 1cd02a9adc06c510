"""Take lists of words: subjects, and groups of banned words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.editing.pool import save_tag
from accounts.exceptions import InvalidField
from accounts.models import DomainTag
from accounts.models.tags import keywords_of
from accounts.wire.keyword_lists import KeywordListSerializer, words
from tasks.models import BannedWordGroup
from tasks.models.word import DEFAULT_GROUP, MOST_TERMS
from tasks.moving import texts
from tasks.moving.context import Context, Row, objects_in
from tasks.moving.report import Line, refused, skipped, taken
from tasks.moving.take_accounts import TAG
from tasks.prompts.banned.groups import add_terms, save_group

LONGEST_ID: Final = 32  # of a group here


class _GroupSerializer(KeywordListSerializer):
    """A group of banned words of another server."""

    keywords = words(MOST_TERMS)


def take_subjects(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write the subjects of a page; one of the same name is the same."""
    found, lines = objects_in(rows)
    return [*lines, *(_subject(context, row) for row in found)]


def take_groups(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write the groups of banned words of a page, under ids that are free here."""
    found, lines = objects_in(rows)
    return [*lines, *(_group(row) for row in found)]


def _subject(context: Context, row: Row) -> Line:
    old, name = str(row.get("id"))[:80], str(row.get("name"))
    known = context.known(TAG, [old]).values()
    if DomainTag.objects.filter(pk__in=known).exists():
        return skipped(old)
    if same := DomainTag.objects.filter(name=name.strip()[:100]).first():
        context.remember(TAG, old, same.pk)
        return skipped(old)
    form = KeywordListSerializer(data=_known(row))
    try:
        form.is_valid(raise_exception=True)
        tag = form.fill(DomainTag(created_at=_made_at(row)))
        save_tag(tag)
    except ValidationError as exc:
        return refused(old, _unusable(exc))
    context.remember(TAG, old, tag.pk)
    return taken(old)


def _group(row: Row) -> Line:
    old = str(row.get("id"))[:80]
    pk = "".join(letter for letter in old.lower() if letter.isalnum())
    if not pk.isascii() or not 0 < len(pk) <= LONGEST_ID:
        return refused(old, "its id is not one that groups here can have")
    form = _GroupSerializer(data=_known(row))
    try:
        form.is_valid(raise_exception=True)
        return _written(old, pk, form, _made_at(row))
    except ValidationError as exc:
        return refused(old, _unusable(exc))
    except InvalidField as exc:
        return refused(old, exc.en)


def _written(old: str, pk: str, form: _GroupSerializer, made_at: datetime) -> Line:
    """Write a group. The default one gets the terms that it lacks."""
    here = BannedWordGroup.objects.filter(pk=pk).first()
    terms = keywords_of(form.validated_data.get("keywords", []))
    if here and (pk != DEFAULT_GROUP or {*terms} <= {*here.keywords}):
        return skipped(old)
    with transaction.atomic():
        if here:
            add_terms(pk, terms, [], replace=False)
        else:
            made = BannedWordGroup(pk=pk, created_at=made_at)
            save_group(form.fill(made))
    return taken(old)


def _made_at(row: Row) -> datetime:
    return texts.time_of(row.get("createTime")) or timezone.now()


def _known(row: Row) -> dict[str, Any]:
    names = ("name", "keywords", "enable", "weight", "sort", "description")
    return {name: row[name] for name in names if row.get(name) is not None}


def _unusable(exc: ValidationError) -> str:
    names = sorted(exc.detail) if isinstance(exc.detail, dict) else []
    return f"unusable: {', '.join(map(str, names))}"
