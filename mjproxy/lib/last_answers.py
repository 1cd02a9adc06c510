"""The last answer of each service outside, in the cache that all processes share."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.utils import timezone

logger = logging.getLogger(__name__)
KEPT_SECONDS: Final = 30 * 24 * 3600
MOST_LETTERS: Final = 200  # of a failure


class Service(enum.StrEnum):
    """Services outside that do not belong to Discord."""

    TRANSLATOR = "translator"
    STORAGE = "storage"
    SWAPS = "swaps"
    MAIL = "mail"


@dataclass(frozen=True)
class LastAnswer:
    """When it came, and why it was of no use; "" if it was of use.

    `who` is the one of several that was asked.
    """

    at: datetime
    failure: str
    who: str


def note(service: Service, failure: str = "", *, who: str = "") -> None:
    """Remember how a service has answered; never raises. `failure` has no secret."""
    found = {
        "at": timezone.now().isoformat(),
        "failure": failure[:MOST_LETTERS],
        "who": who,
    }
    try:
        cache.set(_key(service), found, KEPT_SECONDS)
    except Exception as exc:
        logger.warning("an answer of %s is not remembered: %s", service, exc)


def last_answers() -> Mapping[Service, LastAnswer]:
    """Return the last answer of each service; none if there is no cache."""
    try:
        found = cache.get_many([_key(service) for service in Service])
    except Exception as exc:
        logger.warning("the last answers are not known: %s", exc)
        return {}
    return {
        service: LastAnswer(
            datetime.fromisoformat(said["at"]), said["failure"], said["who"]
        )
        for service in Service
        if (said := found.get(_key(service)))
    }


def _key(service: Service) -> str:
    return f"last-answer:{service}"
