"""Whether this process can work: its database answers, and its Redis."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from accounts.api.answers import json_answer


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where requests can be answered, 503 without the database.

    Without Redis submits still answer and drawings wait, so that is said, not refused.
    """
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    words = {name: "ok" if up else "down" for name, up in parts.items()}
    status = "ok" if all(parts.values()) else "degraded"
    code = 200 if parts["database"] else 503
    return json_answer({"status": status, **words}, status=code)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() is not None
    except DatabaseError:
        return False


def _redis_answers() -> bool:
    try:
        return bool(_redis().ping())
    except redis.RedisError:
        return False


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
    )
