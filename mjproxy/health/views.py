"""`/healthz` and `/readyz`: can this process work, can the product draw.

Database, Redis and disk are checked in threads apart from these views
(`background_check.py`), and the views have threads of their own (`mjproxy/asgi.py`). So
they answer within a second even if all other threads hang.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from mjproxy.health import readiness
from mjproxy.health.background_check import Question, begin_all
from mjproxy.health.readiness import NO_ANSWER, OK
from mjproxy.lib.db import clock
from mjproxy.lib.dialect.answers import json_answer
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import State

PATHS: Final = ("/healthz", "/readyz")


def _ask(name: str) -> Question[str]:
    # Looked up at each call, so that a test can replace the answer.
    return Question(lambda: str(getattr(readiness, name)()), NO_ANSWER)


_DATABASE: Final = _ask("database")
_BROKER: Final = Question(
    lambda: readiness.broker(), readiness.without_broker(State.UNKNOWN)
)
_CLOCKS: Final = Question[dict[str, str]](clock.wrong_clocks, {})
_REST: Final = {name: _ask(name) for name in ("writes", "tables", "accounts", "disk")}
QUESTIONS: Final[list[Question[Any]]] = [_DATABASE, _BROKER, _CLOCKS, *_REST.values()]

# Meaning of each word for a caller who wants to draw; a word that is not listed is
# ignored.
_REASONS: Final[Mapping[tuple[str, str], str]] = {
    ("database", "down"): "the database cannot be reached",
    ("database", NO_ANSWER): "the database does not answer",
    ("writes", "read-only"): "the database takes no writes: it is read-only",
    ("writes", "full"): "the database takes no writes: its disk is full",
    ("writes", "down"): "the database takes no writes",
    ("writes", NO_ANSWER): "the database takes no writes at the moment",
    ("tables", "missing"): "the tables are older than the program: manage.py prepare",
    ("accounts", "none"): "no account is connected to Discord",
    ("disk", "full"): "the disk of the data folder is nearly full",
    ("disk", NO_ANSWER): "the disk of the data folder does not answer",
    ("redis", "down"): "Redis cannot be reached or takes no writes",
    ("redis", NO_ANSWER): "Redis does not answer",
    ("worker", "down"): "no worker has been seen for ten seconds",
    ("beat", "down"): "no beat has been seen for ten seconds",
    ("gateway", "down"): "no gateway has been seen for ten seconds",
    ("worker", "restarting"): "the worker breaks again and again: see the log",
    ("beat", "restarting"): "beat breaks again and again: see the log",
    ("gateway", "restarting"): "the gateway breaks again and again: see the log",
}


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if requests can be answered, 503 without the database.

    Without Redis or another part submits still answer, and drawings wait. So the answer
    names that part and stays 200.
    """
    begin_all((_DATABASE, _BROKER, _CLOCKS))
    words = {"database": _DATABASE.answer(), **_words(_BROKER.answer())}
    words |= _clock_words()
    code = 200 if words["database"] == OK else 503
    well = set(words.values()) == {OK}
    return _told({"status": "ok" if well else "degraded", **words}, code)


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if a drawing that is submitted now would be drawn, else 503."""
    begin_all(QUESTIONS)
    seen = _BROKER.answer()
    rest = {name: question.answer() for name, question in _REST.items()}
    words = {"database": _DATABASE.answer(), **_words(seen), **rest}
    # A broken process beside a working one of the same role does no harm.
    works = {name for name, found in seen.items() if found.works}
    works |= {name for name, word in words.items() if word == OK}
    ready = works == words.keys() and clock.was_right()
    reasons = [
        _REASONS[name, word]
        for name, word in words.items()
        if name not in works and (name, word) in _REASONS
    ]
    clocks = _clock_words()
    words |= clocks
    reasons += [f"a clock is wrong: {said}" for said in clocks.values()]
    status = "ready" if ready else "not ready"
    return _told({"status": status, **words, "reasons": reasons}, 200 if ready else 503)


def _told(words: Mapping[str, Any], code: int) -> HttpResponse:
    answer = json_answer(words, status=code)
    # A monitor that asks every few seconds would fill the log.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def _words(seen: Mapping[str, signs_of_life.Seen]) -> dict[str, str]:
    words = {part: found.state.value for part, found in seen.items()}
    if seen["redis"].state is State.UNKNOWN:
        words["redis"] = NO_ANSWER
    return words


def _clock_words() -> dict[str, str]:
    """Return the hosts with a wrong clock; empty if all are right."""
    wrong = _CLOCKS.answer()
    said = "; ".join(f"{host}: {how}" for host, how in sorted(wrong.items()))
    return {"clock": said} if said else {}
