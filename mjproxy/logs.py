"""Logs: filters that remove secrets and limit lines of strangers, and their set-up."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Final

from mjproxy.lib.secret_texts import without_secrets

STRANGERS: Final = "django.security."
STRANGERS_EVERY: Final = 60.0  # seconds
MOST_LETTERS: Final = 300


class SecretFilter(logging.Filter):
    """Replace anything that looks like a token in a finished line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        cleaned = without_secrets(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = without_secrets(text)
        return True


class StrangerFilter(logging.Filter):
    """Pass one line a minute of each kind of request that Django distrusts.

    Scanners send many, for example with a foreign Host header. They need no attention,
    so they become warnings without a traceback. The next line says how many were left
    out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}
        self._more: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(STRANGERS):
            return True
        now = time.time()
        if now < self._next.get(record.name, 0.0):
            self._more[record.name] += 1
            return False
        self._next[record.name] = now + STRANGERS_EVERY
        self._shorten(record, self._more.pop(record.name, 0))
        return True

    def _shorten(self, record: logging.LogRecord, more: int) -> None:
        text = " ".join(record.getMessage().split())[:MOST_LETTERS]
        if more:
            text += f" ({more} more since the last such line)"
        record.msg, record.args = text, ()
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"


def logging_with(level: str) -> dict[str, object]:
    """Return the logging settings: one handler, with the filters of this product."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "outages": {"()": "mjproxy.outage_log.OutageFilter"},
            "secrets": {"()": "mjproxy.logs.SecretFilter"},
            "strangers": {"()": "mjproxy.logs.StrangerFilter"},
        },
        "formatters": {
            "line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["outages", "strangers", "secrets"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "daphne": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            "discord": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "aiohttp.access": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},  # it logs what Stripe says of keys
        },
    }
