"""The application of `celery beat`: a schedule and a broker.

It sends names of jobs at their times. That needs neither the jobs nor Django's apps,
so it does without them and costs a third of the memory.
"""

from __future__ import annotations

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.beat import PersistentScheduler
from celery.signals import setup_logging
from django.conf import settings

from mjproxy import broker
from tasks.life import Life

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")

app = Celery("mjproxy", fixups=[], amqp=broker.Amqp)
app.config_from_object("mjproxy.settings", namespace="CELERY")
app.conf.beat_scheduler = "mjproxy.beat:Scheduler"


@setup_logging.connect
def log_as_all_do(**_: Any) -> None:
    """Log as Django has the other processes log: without secrets, outages told once."""
    dictConfig(settings.LOGGING)


class Scheduler(PersistentScheduler):
    """Celery's own, which tells with each look at the schedule that it lives."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.life = Life("beat")
        self.life.begin()

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        self.life.sign()
        return pause

    def close(self) -> None:
        super().close()
        self.life.end()
