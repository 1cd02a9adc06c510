"""The Celery application; jobs live in `jobs.py` of each app."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")

app = Celery("mjproxy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@task_prerun.connect
@task_postrun.connect
def between_jobs(**_: Any) -> None:
    """Close connections that are broken or old; keep the others."""
    close_old_connections()
