"""Records: the changes of one act, written to the log in the same transaction.

Services open a record around what they write. It costs nothing where no operator acts:
the product's own work and other users are not logged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import translation

from mjproxy.lib.audit.actors import Actor, current
from mjproxy.lib.audit.states import (
    Changes,
    Names,
    State,
    changes_between,
    names_of,
    states_of,
)
from mjproxy.lib.audit.values import as_name, as_text
from mjproxy.lib.port import Port

P = ParamSpec("P")
T = TypeVar("T")
Rows = TypeVar("Rows", bound=Model | QuerySet[Any])

MOST_ROWS: Final = 10_000  # of one act; one entry counts the others
ADD, CHANGE, DELETE = "add", "change", "delete"


@dataclass(frozen=True)
class Entry:
    """One line of the log: an act on one object, with the changes of its fields."""

    action: str
    kind: str
    object_id: str = ""
    name: str = ""
    changes: Changes = field(default_factory=dict)


class Log(Protocol):
    """The log that an app keeps."""

    def write(self, actor: Actor, entries: list[Entry]) -> None:
        """Write entries in the transaction that is open."""

    def address_of(self, model: type[Model], pk: str) -> str:
        """Return the address of the page with the entries of one row."""


class _NoLog:
    def write(self, actor: Actor, entries: list[Entry]) -> None:
        return None

    def address_of(self, model: type[Model], pk: str) -> str:
        return "/"


log: Final[Port[Log]] = Port(_NoLog())


def kind_of(model: type[Model]) -> str:
    """Return a kind of objects, in English in whatever language somebody acts."""
    with translation.override("en"):
        return str(model._meta.verbose_name)


class Record:
    """Collects what an act changes."""

    def __init__(self) -> None:
        self._before: dict[type[Model], dict[Any, State | None]] = {}
        self._left_out: Counter[type[Model]] = Counter()
        self._notes: list[Entry] = []

    def watch(self, rows: Model | QuerySet[Any] | Iterable[Model]) -> None:
        """Compare these rows at the end with what they are now."""
        if isinstance(rows, QuerySet):
            self._watch(rows.model, rows.order_by().values_list("pk", flat=True))
            return
        by_model = defaultdict(list)
        for row in [rows] if isinstance(rows, Model) else rows:
            by_model[row._meta.model].append(row.pk)
        for model, pks in by_model.items():
            self._watch(model, pks)

    def _watch(self, model: type[Model], pks: Iterable[Any]) -> None:
        known = self._before.setdefault(model, {})
        fresh = [pk for pk in dict.fromkeys(pks) if pk is not None and pk not in known]
        room = max(MOST_ROWS - len(known), 0)
        self._left_out[model] += len(fresh[room:])
        states = states_of(model, fresh[:room])
        known.update((pk, states[pk]) for pk in fresh[:room] if pk in states)

    def made(self, *rows: Model) -> None:
        """Tell that the act has made these rows."""
        for row in rows:
            self._before.setdefault(row._meta.model, {}).setdefault(row.pk, None)

    def note(self, entry: Entry) -> None:
        """Tell of an act that no field of a watched row shows."""
        self._notes.append(entry)

    @contextmanager
    def kept_on_success(self) -> Iterator[None]:
        """Forget the notes of this block if it fails: its transaction is undone."""
        count = len(self._notes)
        try:
            yield
        except BaseException:
            del self._notes[count:]
            raise

    def entries(self) -> list[Entry]:
        """Return what has changed since the rows were watched."""
        found = []
        for model, before in self._before.items():
            after = states_of(model, before)
            pairs = {pk: (old, after.get(pk)) for pk, old in before.items()}
            names = Names(pairs.values())
            for pk, (old, new) in pairs.items():
                changes = changes_between(old, new, names)
                if (there := new or old) and (changes or not (old and new)):
                    action = CHANGE if old and new else ADD if new else DELETE
                    kind = kind_of(model)
                    found.append(Entry(action, kind, str(pk), there.name, changes))
        for model, count in self._left_out.items():
            if count:
                text = f"and up to {count} more"
                found.append(Entry(CHANGE, kind_of(model), name=text))
        return found + self._notes


_open: ContextVar[Record | None] = ContextVar("audit_record", default=None)


@contextmanager
def recorded() -> Iterator[Record]:
    """Open a record; its entries are written with the block's own transaction.

    Inside another record of the same act this is that one. An error leaves no entry.
    """
    if outer := _open.get():
        with outer.kept_on_success():
            yield outer
        return
    record, actor = Record(), current()
    if actor is None:
        yield _Unread()
        return
    token = _open.set(record)
    try:
        with transaction.atomic():
            yield record
            if entries := record.entries():
                log().write(actor, entries)
    finally:
        _open.reset(token)


class _Unread(Record):
    """A record that nobody reads: no operator acts."""

    def watch(self, rows: Any) -> None:
        return None

    def made(self, *rows: Model) -> None:
        return None

    def note(self, entry: Entry) -> None:
        return None


def in_record(service: Callable[P, T]) -> Callable[P, T]:
    """Open a record for a service, which says what it is about to change."""

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with recorded():
            return service(*args, **kwargs)

    return run


def audited(
    service: Callable[Concatenate[Rows, P], T],
) -> Callable[Concatenate[Rows, P], T]:
    """Record what a service changes in its first argument: a row, or rows."""

    @wraps(service)
    def run(first: Rows, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with recorded() as record:
            is_new = isinstance(first, Model) and first._state.adding
            if not is_new:
                record.watch(first)
            result = service(first, *args, **kwargs)
            if is_new and isinstance(first, Model):
                record.made(first)
            return result

    return run


def watch(rows: Model | QuerySet[Any] | Iterable[Model]) -> None:
    """Watch rows in the record that is open, if one is."""
    if record := _open.get():
        record.watch(rows)


def made(*rows: Model) -> None:
    """Tell the record that is open, if one is, of new rows."""
    if record := _open.get():
        record.made(*rows)


def note(
    action: str,
    about: Model | tuple[type[Model], Any] | str,
    **facts: object,
) -> None:
    """Log an act that changes no field of a row. `facts` say more of it.

    `about` is the row, or its model and primary key, or the name of what is no row.
    """
    if _open.get() is None and current() is None:
        return
    with recorded() as record:
        record.note(_entry(action, about, facts))


def note_each(action: str, rows: Iterable[Model]) -> None:
    """Log the same act on each of many rows."""
    with recorded() as record:
        for row in rows:
            record.note(_entry(action, row, {}))


def _entry(
    action: str, about: Model | tuple[type[Model], Any] | str, facts: dict[str, object]
) -> Entry:
    changes: Changes = {name: ["", as_text(value)] for name, value in facts.items()}
    if isinstance(about, str):
        return Entry(action, "", name=as_name(about), changes=changes)
    if isinstance(about, Model):
        model, pk, name = about._meta.model, about.pk, as_name(about)
    else:
        model, pk = about
        name = names_of(model, [pk]).get(pk, "")
    return Entry(action, kind_of(model), str(pk), name, changes)
