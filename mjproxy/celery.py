"""The Celery application; jobs are in `jobs.py` of each app."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.signals import (
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutdown,
)
from django.db import close_old_connections

from mjproxy.lib.process import garbage
from mjproxy.lib.process.signs_of_life import Life
from mjproxy.redis import broker


class Nudges(bootsteps.StartStopStep):
    """Listeners for nudges, in a worker that serves their queues."""

    requires = ("celery.worker.components:Pool",)

    def create(self, worker: Any) -> Any:
        # Imported here: these modules need settings, which are named below.
        from mjproxy.redis.nudge_listener import Listeners
        from mjproxy.redis.nudged_work import NudgedWork

        queues = list(worker.app.amqp.queues.consume_from)
        worker.nudges = Listeners(queues, NudgedWork(worker.concurrency))
        return worker.nudges


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
app = Celery("mjproxy", amqp=broker.Amqp, task_cls="mjproxy.job_class:Job")
app.steps["consumer"].add(broker.AnswerTimeStep)
app.steps["worker"].add(Nudges)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@worker_init.connect
def set_time_limits(**_: Any) -> None:
    """Set time limits for database calls; this needs the loaded settings."""
    from mjproxy.lib.db import time_limits

    time_limits.bind(time_limits.JOBS)


@worker_ready.connect
def begin_life(sender: Any, **_: Any) -> None:
    """Begin to give signs of life, with the queues that this worker serves."""
    # Imported here: these modules need settings, which are named below the imports.
    from mjproxy.lib.db import clock, snapshot

    queues = [queue.name for queue in sender.task_consumer.queues]
    life = Life(*(f"worker.{name}" for name in queues))
    life.works = clock.was_right
    life.begin()
    nudges = sender.controller.nudges
    life.sign_for_ever(lambda: broker.is_consuming() and nudges.hears())
    clock.keep_looking()
    snapshot.keep_fresh()
    garbage.freeze()
    worker_shutdown.connect(lambda **_: life.end(), weak=False)


@task_prerun.connect
@task_postrun.connect
def between_jobs(**_: Any) -> None:
    """Close database connections that are broken or too old; keep the others."""
    close_old_connections()
