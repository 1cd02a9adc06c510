"""States: what rows hold before and after a change, read from the database.

So it does not matter how a change is written: by `save`, by QuerySet.update or in SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.db.models import Field, ForeignKey, ManyToManyField, Model

from mjproxy.lib.audit.values import CHANGED, as_name, as_text, is_secret
from mjproxy.lib.db.encrypted_field import EncryptedTextField, encrypted_fields, fernet
from mjproxy.lib.db.key_rotation import as_stored

# By field: the texts before and after, or CHANGED for a secret.
Changes = dict[str, list[str] | str]

AT_ONCE: Final = 500  # rows read by one statement
_STORED: Final = "stored_"
# Editable fields that the product writes.
_NOT_BY_PEOPLE: Final = frozenset({"last_login"})


@dataclass
class State:
    """A row: its name, its values by field, and the rows that belong to it."""

    name: str
    values: dict[Field[Any, Any], Any] = field(default_factory=dict)
    others: dict[ManyToManyField[Any, Any], list[Any]] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)


def told_fields(model: type[Model]) -> list[Field[Any, Any]]:
    """Return the fields of a model that people change, and its secrets."""
    return [
        each
        for each in model._meta.concrete_fields
        if not each.primary_key
        and each.name not in _NOT_BY_PEOPLE
        and (each.editable or is_secret(each))
    ]


def states_of(model: type[Model], pks: Collection[Any]) -> dict[Any, State]:
    """Return the present states of rows; those that are gone are left out."""
    found: dict[Any, State] = {}
    for some in _batches(pks):
        found |= _rows(model, some)
        _add_others(model, some, found)
        _add_parts(model, some, found)
    return found


def _batches(pks: Collection[Any]) -> Iterator[list[Any]]:
    listed = list(pks)
    for at in range(0, len(listed), AT_ONCE):
        yield listed[at : at + AT_ONCE]


def _rows(model: type[Model], pks: list[Any]) -> dict[Any, State]:
    secrets = {each.attname: each for each in encrypted_fields(model)}
    stored = {f"{_STORED}{name}": as_stored(each) for name, each in secrets.items()}
    rows = model._base_manager.filter(pk__in=pks).defer(*secrets).annotate(**stored)
    told = told_fields(model)
    return {
        row.pk: State(
            as_name(row),
            {
                each: getattr(row, f"{_STORED}{each.attname}")
                if each.attname in secrets
                else each.value_from_object(row)
                for each in told
            },
        )
        for row in rows
    }


def _add_others(model: type[Model], pks: list[Any], found: dict[Any, State]) -> None:
    for each in model._meta.many_to_many:
        through: Any = each.remote_field.through
        rows = through._base_manager
        near, far = each.m2m_column_name(), each.m2m_reverse_name()
        for state in found.values():
            state.others.setdefault(each, [])
        pairs = rows.filter(**{f"{near}__in": pks}).order_by(far)
        for pk, other in pairs.values_list(near, far):
            if pk in found:
                found[pk].others[each].append(other)


def _add_parts(model: type[Model], pks: list[Any], found: dict[Any, State]) -> None:
    """Add the rows of other tables that an operator edits with the row."""
    for name in getattr(model, "AUDITED_PARTS", ()):
        relation: Any = model._meta.get_field(name)
        rows = relation.related_model._base_manager
        for state in found.values():
            state.parts.setdefault(name, [])
        for row in rows.filter(**{f"{relation.field.name}__in": pks}).order_by("pk"):
            pk = getattr(row, relation.field.attname)
            if pk in found:
                found[pk].parts[name].append(str(row))


# --- differences ----------------------------------------------------------------------


class Names:
    """Names of the rows to which changed fields refer, read together."""

    def __init__(self, pairs: Iterable[tuple[State | None, State | None]]) -> None:
        wanted: dict[type[Model], set[Any]] = defaultdict(set)
        for before, after in pairs:
            for each, old, new in _differing(before, after):
                if isinstance(each, ForeignKey | ManyToManyField):
                    related: Any = each.related_model
                    wanted[related] |= {*_listed(old), *_listed(new)}
        self._found = {model: names_of(model, pks) for model, pks in wanted.items()}

    def text(self, each: Field[Any, Any], value: Any) -> str:
        if not isinstance(each, ForeignKey | ManyToManyField):
            return as_text(value)
        related: Any = each.related_model
        names = self._found.get(related, {})
        said = (f"{names.get(pk, 'gone')} ({pk})" for pk in _listed(value))
        return as_text(", ".join(said))


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def names_of(model: type[Model], pks: Collection[Any]) -> Mapping[Any, str]:
    """Return the names of rows that are there."""
    secrets = [each.attname for each in encrypted_fields(model)]
    found: dict[Any, str] = {}
    for some in _batches(pks):
        rows = model._base_manager.filter(pk__in=some).defer(*secrets)
        found |= {row.pk: as_name(row) for row in rows}
    return found


def changes_between(before: State | None, after: State | None, names: Names) -> Changes:
    """Return what differs, by field. None stands for a row that is not there."""
    found: Changes = {}
    for each, old, new in _differing(before, after):
        is_hidden = is_secret(each)
        texts = [names.text(each, old), names.text(each, new)]
        found[each.name] = CHANGED if is_hidden else texts
    empty = State("")
    olds, news = (before or empty).parts, (after or empty).parts
    for part in {**olds, **news}:
        old, new = olds.get(part, []), news.get(part, [])
        if old != new:
            found[part] = [as_text("\n".join(old)), as_text("\n".join(new))]
    return found


def _differing(
    before: State | None, after: State | None
) -> Iterator[tuple[Field[Any, Any], Any, Any]]:
    """Yield fields with two values; of a new or removed row those without default."""
    if before and after:
        for each, old in before.values.items():
            if not _is_same(each, old, after.values[each]):
                yield each, old, after.values[each]
        for other, had in before.others.items():
            if had != after.others[other]:
                yield other, had, after.others[other]
        return
    if there := before or after:
        for each, value in [*there.values.items(), *there.others.items()]:
            if value in (None, "", []) or value == each.get_default():
                continue
            yield (each, value, None) if before else (each, None, value)


def _is_same(each: Field[Any, Any], old: Any, new: Any) -> bool:
    if old == new:
        return True
    if not (isinstance(each, EncryptedTextField) and old and new):
        return False
    # A saved secret is encrypted anew, though it is the same.
    try:
        return fernet().decrypt(old.encode()) == fernet().decrypt(new.encode())
    except (InvalidToken, UnicodeError):
        return False
