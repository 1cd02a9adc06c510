"""Whether this process can work: its database and its Redis answer."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from accounts.api.answers import json_answer


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when all is well, else 503 with the name of what is not."""
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    well = all(parts.values())
    words = {name: "ok" if up else "down" for name, up in parts.items()}
    status = "ok" if well else "unavailable"
    return json_answer({"status": status, **words}, status=200 if well else 503)


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
