"""My usage: what a user has drawn, and what they may draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.limits import meter
from accounts.limits.allowed import Allowed, allowed
from accounts.limits.periods import end_of_day, end_of_month
from accounts.models import KeyMeter, User
from accounts.pages.own import own_page, render_own
from accounts.people.callers import Asker
from tasks.load import of_users

MOST_KEYS = 200


@dataclass(frozen=True)
class Row:
    """A number with its limit; None: there is no limit."""

    id: str
    name: str
    used: int
    most: int | None
    until: datetime | None = None

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.used >= self.most


@require_safe
@own_page
def usage(request: HttpRequest, asker: Asker) -> HttpResponse:
    user = User.objects.only("valid_from", "valid_until").get(pk=asker.user.pk)
    limits, today = allowed(user.pk), timezone.localdate()
    keys = KeyMeter.objects.filter(key__owner=user.pk).select_related("key")
    context = {
        "here": "usage",
        "drawn": list(drawn_rows(user.pk, limits, today)),
        "now": list(present_rows(user.pk, limits)),
        "limits": limits,
        "balance": meter.balance(user.pk),
        "user": user,
        "keys": [_of_key(row, today) for row in keys.order_by("-key")[:MOST_KEYS]],
    }
    return render_own(request, "me/usage.html", context)


def drawn_rows(user_id: int, limits: Allowed, day: date) -> Iterator[Row]:
    """Yield what a user has drawn up to a day."""
    drawn = meter.drawn(user_id, day)
    yield Row("day", _("Today"), drawn.of_day, limits.drawings_a_day, end_of_day(day))
    month = limits.drawings_a_month, end_of_month(day)
    yield Row("month", _("This month"), drawn.of_month, *month)
    yield Row("total", _("In total"), drawn.in_total, limits.drawings_in_total)


def present_rows(user_id: int, limits: Allowed) -> Iterator[Row]:
    """Yield what a user has at work now."""
    waiting, running = of_users([user_id]).get(user_id, (0, 0))
    yield Row("running", _("Running"), running, limits.running_at_once)
    yield Row("waiting", _("Waiting"), waiting, limits.waiting_at_once)


def _of_key(row: KeyMeter, day: date) -> dict[str, object]:
    key = row.key
    today = row.of_day if row.day == day else 0
    return {
        "key": key,
        "rows": [
            Row("day", _("Today"), today, key.drawings_a_day),
            Row("total", _("In total"), row.in_total, key.drawings_in_total),
        ],
    }
