"""Count drawings of users and keys, within limits, by one conditional UPDATE each.

The row stays locked until the transaction ends. So of several submits at the same time
each sees the drawings of those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    Expression,
    ExpressionWrapper,
    F,
    PositiveBigIntegerField,
    QuerySet,
    When,
)
from django.db.models.functions import Greatest
from django.db.models.lookups import LessThanOrEqual

from accounts.limits.periods import month_of
from accounts.models import KeyMeter, Meter
from accounts.models.meters import Counts
from mjproxy.lib.db.compiled_query import CompiledQuery, CompiledUpdate

NO_LIMIT: Final = 2**62


@dataclass(frozen=True)
class Drawn:
    """Numbers of drawings: of a day, of its month, and in total."""

    of_day: int = 0
    of_month: int = 0
    in_total: int = 0


@dataclass(frozen=True)
class Most:
    """The numbers of drawings that may not be passed."""

    of_day: int = NO_LIMIT
    of_month: int = NO_LIMIT
    in_total: int = NO_LIMIT


def count(
    user_id: int,
    day: date,
    *,
    drawings: int = 1,
    most: Most | None = None,
    price: int = 0,
) -> Drawn | None:
    """Count drawings of a user; return the new numbers, or None for too many.

    Call it in the transaction that writes the tasks, as late as possible. With 0
    drawings it only locks the row. A `price` is taken from the user's credits, and
    `ledger.reserve` has booked it; None is also returned for too few credits.
    """
    update, pay = (_of_payer, (price,)) if price else (_of_user, ())
    return _count(Meter, update, user_id, day, drawings, most or Most(), *pay)


def begin(user_id: int, day: date, most: Most) -> Callable[[], Drawn | None]:
    """Send the count of one drawing along with the statements of a `together` block.

    Call the returned function after the block: it returns the new numbers, or None if
    nothing is counted yet; then call `count`.
    """
    if not _of_user.can_return:
        return nothing_counted
    limits = most.of_day, most.of_month, most.in_total
    counted = _of_user.begin_row(user_id, day, month_of(day), 1, *limits)
    return lambda: Drawn(*row) if (row := counted()) else None


def nothing_counted() -> None:
    """Return that `begin` has counted nothing."""


def count_for_key(
    key_id: int, day: date, *, drawings: int = 1, most: Most | None = None
) -> Drawn | None:
    """Count drawings with a key, as `count` does, and before it: it is locked first."""
    return _count(KeyMeter, _of_key, key_id, day, drawings, most or Most())


def begin_at(user_id: int, in_total: int) -> None:
    """Begin the meter of a new user with what they have drawn elsewhere."""
    if in_total:
        Meter.objects.create(user_id=user_id, in_total=in_total)


def give_back(user_id: int, key_id: int | None, day: date) -> None:
    """Take a drawing of a day out of the numbers where it was counted."""
    if key_id is not None:
        _take_out(_rows(KeyMeter, key_id), day)
    _take_out(_rows(Meter, user_id), day)


def drawn(user_id: int, day: date) -> Drawn:
    """Return what a user has drawn up to this day."""
    return _read(_meter_of_user, user_id, day)


def drawn_by(user_ids: Collection[int], day: date) -> dict[int, Drawn]:
    """Return what users have drawn up to this day; who drew nothing is missing."""
    rows = Meter.objects.filter(user__in=user_ids)
    return {row.user_id: _as_of(row, day) for row in rows}


def drawn_with_key(key_id: int, day: date) -> Drawn:
    return _read(_meter_of_key, key_id, day)


def _rows(model: type[Counts], owner: Any) -> QuerySet[Any]:
    return model._default_manager.filter(**{model.OF: owner})


def _read(find: CompiledQuery[Any], owner: int, day: date) -> Drawn:
    row = next(iter(find(owner)), None)
    return _as_of(row, day) if row else Drawn()


def _as_of(row: Counts, day: date) -> Drawn:
    return Drawn(
        row.of_day if row.day >= day else 0,
        row.of_month if row.month >= month_of(day) else 0,
        row.in_total,
    )


def _count(
    model: type[Counts],
    update: CompiledUpdate,
    owner: int,
    day: date,
    drawings: int,
    most: Most,
    *price: int,
) -> Drawn | None:
    limits = most.of_day, most.of_month, most.in_total
    values = owner, day, month_of(day), drawings, *limits, *price
    if drawn := _written(model, update, values):
        return drawn
    rows = _rows(model, owner)
    if not rows.exists():
        fresh = model(**{f"{model.OF}_id": owner})
        model._default_manager.bulk_create([fresh], ignore_conflicts=True)
    # Again in any case: another submit may have made the row just now.
    drawn = _written(model, update, values)
    if drawn is None and not rows.exists():
        raise model.DoesNotExist  # its user or key was just deleted
    return drawn


def _written(
    model: type[Counts], update: CompiledUpdate, values: tuple[Any, ...]
) -> Drawn | None:
    """Run the UPDATE; return the new numbers, or None if it has changed nothing."""
    if update.can_return:
        row = update.row(*values)
        return Drawn(*row) if row else None
    owner, day = values[:2]
    find = _meter_of_user if model is Meter else _meter_of_key
    return _read(find, owner, day) if update(*values) else None


def balance(user_id: int) -> int:
    """Return the credits of a user."""
    row = next(iter(_meter_of_user(user_id)), None)
    return row.balance if row else 0


def _counting(model: type[Counts], *, pays: bool = False) -> CompiledUpdate:
    """Return the UPDATE that counts; with `pays` it takes credits too."""

    def build(
        owner: Expression, day: Expression, month: Expression, n: Any, *rest: Any
    ) -> tuple[QuerySet[Counts], dict[str, Any]]:
        most, price = rest[:3], rest[3:]

        def more(name: str, **period: Expression) -> Case:
            # Also in a later period: a submit may have begun before midnight.
            same = When(**period, then=F(name) + n)
            return Case(same, default=n, output_field=PositiveBigIntegerField())

        total: Any = F("in_total") + n
        changes: dict[str, Any] = {
            "of_day": more("of_day", day__gte=day),
            "of_month": more("of_month", month__gte=month),
            "in_total": ExpressionWrapper(total, PositiveBigIntegerField()),
        }
        within: Any = map(LessThanOrEqual, changes.values(), most)
        rows = _rows(model, owner).filter(*within)
        if price:
            left: Any = F("balance") - price[0]
            rows = rows.filter(balance__gte=price[0])
            changes["balance"] = ExpressionWrapper(left, BigIntegerField())
        # After the numbers: MySQL assigns from left to right.
        return rows, changes | {
            "day": Greatest(F("day"), day, output_field=DateField()),
            "month": Greatest(F("month"), month, output_field=DateField()),
        }

    numbers = _fields(model, "of_day", "of_month", "in_total")
    given = [*_fields(model, model.OF, "day", "month"), numbers[0], *numbers]
    given += _fields(model, "balance") if pays else []
    return CompiledUpdate(build, given, returning=numbers)


def _fields(model: type[Counts], *names: str) -> list[Any]:
    return [model._meta.get_field(name) for name in names]


_meter_of_user: Final = CompiledQuery[Meter](lambda user: _rows(Meter, user))
_meter_of_key: Final = CompiledQuery[KeyMeter](lambda key: _rows(KeyMeter, key))
_of_user: Final = _counting(Meter)
_of_payer: Final = _counting(Meter, pays=True)
_of_key: Final = _counting(KeyMeter)


def _take_out(meters: QuerySet[Any], day: date) -> None:
    def less(name: str, **period: date) -> Case:
        same = When(**period, **{f"{name}__gt": 0}, then=F(name) - 1)
        return Case(same, default=F(name), output_field=PositiveBigIntegerField())

    meters.filter(in_total__gt=0).update(
        of_day=less("of_day", day=day),
        of_month=less("of_month", month=month_of(day)),
        in_total=F("in_total") - 1,
    )
