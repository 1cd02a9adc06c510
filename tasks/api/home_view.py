"""View for the first page of a client: public facts, and counts for operators."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypedDict

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.exceptions import AccountsError
from accounts.models import AccessSettings
from accounts.people.callers import asker_of
from accounts.selectors import access_settings
from accounts.signup import rules
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import answered, operated
from mjproxy.lib.ids import first_task_id_of
from tasks.models import Task

logger = logging.getLogger(__name__)

KEY: Final = "home:drawn"
KEPT: Final = 15  # seconds; counting a million rows takes most of one

# Public members.
_PUBLIC: Final[Mapping[str, object]] = {
    "name": "mjproxy",
    "version": settings.VERSION,
    "notify": "",
    "isRegister": False,
    "isGuest": False,
    "isDemoMode": False,
    "tops": {},
}


class Drawn(TypedDict):
    """The numbers of tasks; `tops` counts those of today by address."""

    todayDraw: int
    yesterdayDraw: int
    totalDraw: int
    tops: dict[str, int]


_DRAWN: Final[Drawn] = {
    "todayDraw": 12,
    "yesterdayDraw": 30,
    "totalDraw": 4711,
    "tops": {"203.0.x.x": 12},
}


class HomeView(APIView):
    # Open to all: callers have not signed in yet and may send an invalid key.
    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="home",
        tags=["admin"],
        summary="Data of a first page; for operators also the number of tasks",
        description="Without an operator's key: whether guests are allowed, the "
        "version and the announcement. The counts are some seconds old.",
        responses=OperationSerializer,
        examples=[answered("home", operated({**_PUBLIC, **_DRAWN}))],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        access = access_settings()
        data = {
            **_PUBLIC,
            "isRegister": rules.is_open(),
            "isGuest": access.allow_without_key,
            "isDemoMode": access.demo_mode,
            "notify": access.announcement,
        }
        if _is_operator(request):
            data |= drawn(access)
        return json_answer(operation_result(data=data))


def _is_operator(request: Request) -> bool:
    try:
        asker = asker_of(request._request)
    except AccountsError:
        return False
    return asker is not None and asker.user.is_operator


def drawn(access: AccessSettings) -> Drawn:
    """Return the number of tasks in all and by day, at most 15 seconds old.

    What is kept belongs to the settings, so that a change of them counts at once.
    """
    most, is_whole = access.home_addresses, access.home_whole_addresses

    def count() -> Drawn:
        return _count(most, is_whole=is_whole)

    try:
        return cache.get_or_set(f"{KEY}:{most}:{is_whole}", count, KEPT) or count()
    except Exception as exc:  # a broken cache only makes it slower
        logger.warning("counts of tasks are not kept: %s", exc)
        return count()


def _count(most: int, *, is_whole: bool) -> Drawn:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = first_task_id_of(midnight)
    yesterday = first_task_id_of(midnight - timedelta(days=1))
    tasks = Task.objects.order_by()
    return {
        "todayDraw": tasks.filter(pk__gte=today).count(),
        "yesterdayDraw": tasks.filter(pk__gte=yesterday, pk__lt=today).count(),
        "totalDraw": tasks.count(),
        "tops": _tops(tasks.filter(pk__gte=today), most, is_whole=is_whole),
    }


def _tops(tasks: QuerySet[Task], most: int, *, is_whole: bool) -> dict[str, int]:
    """Return the addresses with the most tasks; half of each is hidden, or none."""
    counted = tasks.exclude(client_ip=None).values_list("client_ip")
    tops: dict[str, int] = {}
    for address, count in counted.annotate(n=Count("pk")).order_by("-n")[:most]:
        shown = address if is_whole else _masked(address)
        tops[shown] = tops.get(shown, 0) + count
    return tops


def _masked(address: str) -> str:
    mark = "." if "." in address else ":"
    parts = address.split(mark)
    return mark.join([*parts[:2], "x", "x"])
