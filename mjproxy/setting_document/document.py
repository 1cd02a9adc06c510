"""Read the settings as one document, and write the members that are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.exceptions import InvalidField
from mjproxy.lib.audit.records import in_record, watch
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.encrypted_field import Sealed, encrypted_fields
from mjproxy.setting_document.members import MEMBERS, Member, Place

_PLACES: Final = tuple(dict.fromkeys(member.place for member in MEMBERS))


def shown() -> dict[str, Any]:
    """Return all members; secrets are masked."""
    found: dict[str, Any] = {"id": "default", "properties": {}}
    rows = {place: place.find() for place in _PLACES}
    for member in MEMBERS:
        if (row := rows[member.place]) is None:
            continue
        *outer, name = member.name.split(".")
        inside = found.setdefault(outer[0], {}) if outer else found
        inside[name] = member.kind.show(row, member.column)
    return found


@again_after_deadlock
@in_record
@transaction.atomic
def write(sent: Mapping[str, Any]) -> None:
    """Write the members that are in `sent`, all or none. Raises InvalidField."""
    for place in _PLACES:
        given = [pair for pair in _given(sent) if pair[0].place == place]
        if given and (row := _locked(place)) is not None:
            _write(place, row, given)


def _given(sent: Mapping[str, Any]) -> Iterator[tuple[Member, Any]]:
    """Yield the members that were sent, with their values."""
    for member in MEMBERS:
        inside, (*outer, name) = sent, member.name.split(".")
        if outer:
            inside = sent.get(outer[0], {})
        if name in inside:
            yield member, inside[name]


def _locked(place: Place) -> Any:
    """Return the row, which others cannot write until the transaction ends."""
    row = place.find()
    if row is None:
        return None
    watch(row)
    rows = place.model.objects.select_for_update()
    return rows.defer(*row.get_deferred_fields()).get(pk=row.pk)


def _write(place: Place, row: Any, given: list[tuple[Member, Any]]) -> None:
    written = []
    for member, value in given:
        if member.kind.counts(row):
            member.kind.write(row, member.column, value)
            written.append(member)
    others = {field.name for field in row._meta.concrete_fields}
    others.difference_update(member.column for member in written)
    others |= _unread(row)
    try:
        row.full_clean(exclude=others)
        place.check(row)
    except ValidationError as exc:
        text = _in_words(exc, place, row)
        raise InvalidField(f"参数错误: {text}", text) from exc
    row.save()


def _unread(row: Any) -> set[str]:
    """Return the secrets that stay as they are: not read, or they fit no key."""
    sealed = {
        field.name
        for field in encrypted_fields(type(row))
        if isinstance(row.__dict__.get(field.attname), Sealed)
    }
    deferred: set[str] = row.get_deferred_fields()
    return sealed | deferred


def _in_words(exc: ValidationError, place: Place, row: Any) -> str:
    known = [m for m in MEMBERS if m.place == place and m.kind.counts(row)]
    names = {each.column: each.name for each in known}
    return "; ".join(
        f"{names.get(column, column)}: {' '.join(messages)}"
        for column, messages in exc.message_dict.items()
    )
