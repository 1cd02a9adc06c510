"""State of database, Redis, disk and accounts, for the health views."""

from __future__ import annotations

import logging
import shutil
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from gateway.models import GatewaySession
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.disk_full import is_full
from mjproxy.lib.process.signs_of_life import State

logger = logging.getLogger(__name__)

NO_ANSWER: Final = "no answer"
OK: Final = State.OK.value
DOWN: Final = State.DOWN.value
# Bytes: room for some pictures of the largest size and for the database's own files.
LEAST_FREE: Final = 200_000_000
_PROBE: Final = "mjproxy:probe"


def database() -> str:
    """Tell whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return OK if cursor.fetchone() else DOWN
    except Error as exc:
        logger.debug("health: %s", exc)
        return DOWN


def writes() -> str:
    """Tell whether the database accepts writes, by an UPDATE that changes no row."""
    try:
        User.objects.filter(pk=-1).update(is_active=False)
    except Error as exc:
        text = str(exc).lower().replace("-", "").replace(" ", "")
        if is_full(exc):
            return "full"
        return "read-only" if "readonly" in text else DOWN
    return OK


def tables() -> str:
    """Tell whether the tables are those of this version."""
    try:
        return OK if _are_up_to_date() else "missing"
    except Error:
        return DOWN


def accounts() -> str:
    """Tell whether a gateway holds the socket of an account that may draw."""
    held = GatewaySession.objects.filter(is_live=True, lease_until__gt=timezone.now())
    is_as_now = Q(revision=F("account__revision")) & ~Q(session_id="")
    try:
        return OK if held.filter(is_as_now).exists() else "none"
    except Error:
        return DOWN


def disk() -> str:
    """Tell whether the data folder has room."""
    return OK if shutil.disk_usage(settings.DATA_DIR).free >= LEAST_FREE else "full"


def broker() -> dict[str, signs_of_life.Seen]:
    """Return the state of Redis and of each part that gives signs of life to it."""
    try:
        signs_of_life.client().set(_PROBE, 1, ex=60)
    except redis.exceptions.ResponseError:
        said = signs_of_life.Seen(
            State.DOWN, works=False
        )  # it answers, but accepts no writes
        return {"redis": said} | {
            part: signs_of_life.look(part) for part in signs_of_life.PARTS
        }
    except redis.RedisError:
        return without_broker(State.DOWN)
    well = signs_of_life.Seen(State.OK, works=True)
    return {"redis": well} | {
        part: signs_of_life.look(part) for part in signs_of_life.PARTS
    }


def without_broker(state: State) -> dict[str, signs_of_life.Seen]:
    unknown = signs_of_life.Seen(State.UNKNOWN, works=False)
    return {"redis": signs_of_life.Seen(state, works=False)} | dict.fromkeys(
        signs_of_life.PARTS, unknown
    )


def _are_up_to_date() -> bool:
    """Compare migrations; once they are complete, they are not compared again."""
    return connection.alias in _seen_up_to_date() or _compare()


@cache
def _seen_up_to_date() -> set[str]:
    return set()


def _compare() -> bool:
    executor = MigrationExecutor(connection)
    done = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    if done:
        _seen_up_to_date().add(connection.alias)
    return done
