"""The application of `celery beat`: a schedule and a broker.

It sends the names of jobs at their times. That needs neither the jobs nor Django's
apps, so it loads neither and saves two thirds of the memory.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from logging.config import dictConfig
from typing import Any, Final

from celery import Celery
from celery.beat import PersistentScheduler
from celery.signals import setup_logging
from django.conf import settings

from mjproxy.lib.process.signs_of_life import Life
from mjproxy.lib.process.watchdog import notify, watch
from mjproxy.redis import broker

logger = logging.getLogger(__name__)
TICK: Final = "tick"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")

app = Celery("mjproxy", fixups=[], amqp=broker.Amqp)
app.config_from_object("mjproxy.settings", namespace="CELERY")
app.conf.beat_scheduler = "mjproxy.beat:Scheduler"


@setup_logging.connect
def log_as_all_do(**_: Any) -> None:
    """Log as the other processes do: without secrets, and each outage once."""
    dictConfig(settings.LOGGING)


class Scheduler(PersistentScheduler):
    """Celery's scheduler, which gives a sign of life at each look at the schedule."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.life = Life("beat")
        self.life.begin()
        watch.require(TICK)
        watch.begin()
        notify("READY=1")

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        self.life.sign()
        watch.moved(TICK)
        return pause

    def _ensure_connected(self) -> Any:
        """Wait until the broker answers, and tell the watchdog meanwhile."""
        return self.connection.ensure_connection(
            self._say_again,
            self.app.conf.broker_connection_max_retries,
            callback=partial(watch.moved, TICK),  # once a second
        )

    def _say_again(self, exc: Exception, pause: float) -> None:
        logger.error(
            "the broker cannot be reached: %s; tried again in %s s", exc, pause
        )

    def close(self) -> None:
        super().close()
        self.life.end()
