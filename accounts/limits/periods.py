"""Days and months of limits: they begin at local midnight (`TIME_ZONE`)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def end_of_day(day: date) -> datetime:
    return _midnight(day + timedelta(days=1))


def end_of_month(day: date) -> datetime:
    return _midnight(month_of(month_of(day) + timedelta(days=31)))


def _midnight(day: date) -> datetime:
    """Return the moment at which a day begins here."""
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
