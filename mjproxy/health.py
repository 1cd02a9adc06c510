"""Whether this process can work, and whether the product can draw."""

from __future__ import annotations

import redis
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from accounts.api.answers import json_answer
from tasks import clock, life
from tasks.life import State


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where requests can be answered, 503 without the database.

    Without Redis, or another part, submits still answer and drawings wait: so that is
    said, not refused.
    """
    words = {"database": _word(_database_answers()), "redis": _word(_redis_answers())}
    words |= {part: life.look(part).state.value for part in life.PARTS}
    words |= _clock_words()
    well = set(words.values()) == {State.OK.value}
    code = 200 if words["database"] == State.OK.value else 503
    return json_answer({"status": "ok" if well else "degraded", **words}, status=code)


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where a drawing that is submitted now would be drawn, else 503."""
    database, broker = _database_answers(), _redis_answers()
    seen = {part: life.look(part) for part in life.PARTS}
    words = {"database": _word(database), "redis": _word(broker)}
    words |= {part: found.state.value for part, found in seen.items()}
    words |= _clock_words()
    works = all(found.works for found in seen.values()) and clock.was_right()
    ready = database and broker and works
    status = "ready" if ready else "not ready"
    return json_answer({"status": status, **words}, status=200 if ready else 503)


def _clock_words() -> dict[str, str]:
    """Return which hosts have a wrong clock; nothing where all are right."""
    wrong = clock.wrong_clocks()
    said = "; ".join(f"{host}: {how}" for host, how in sorted(wrong.items()))
    return {"clock": said} if said else {}


def _word(up: bool) -> str:  # noqa: FBT001
    return str((State.OK if up else State.DOWN).value)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() is not None
    except Error:
        return False


def _redis_answers() -> bool:
    try:
        return bool(life.client().ping())
    except redis.RedisError:
        return False
