"""How much was drawn, for the first page of operators."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.answers import json_answer, operation_result
from accounts.api.permissions import IsOperator
from tasks.api.examples import answered
from tasks.ids import first_id_at
from tasks.models import Task

logger = logging.getLogger(__name__)

KEY: Final = "home:drawn"
KEPT: Final = 15  # seconds: counting a million rows takes a good part of one


class HomeView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="home",
        tags=["admin"],
        summary="How much was drawn, as of some seconds ago",
        responses=OpenApiTypes.OBJECT,
        examples=[answered("home", operation_result(data={"todayDraw": 12}))],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        data = {
            "isRegister": False,
            "isGuest": False,
            "isDemoMode": False,
            "version": settings.VERSION,
            "notify": "",
            "tops": {},
        }
        return json_answer(operation_result(data=data | drawn()))


def drawn() -> dict[str, int]:
    """Return how many tasks there are, and of which day; counted every few seconds."""
    try:
        return cache.get_or_set(KEY, _count, KEPT) or _count()
    except Exception as exc:  # whatever is wrong with the cache
        logger.warning("counts of tasks are not kept: %s", exc)
        return _count()


def _count() -> dict[str, int]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = first_id_at(midnight)
    yesterday = first_id_at(midnight - timedelta(days=1))
    tasks = Task.objects.order_by()
    return {
        "todayDraw": tasks.filter(pk__gte=today).count(),
        "yesterdayDraw": tasks.filter(pk__gte=yesterday, pk__lt=today).count(),
        "totalDraw": tasks.count(),
    }
