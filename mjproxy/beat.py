"""The application of `celery beat`: a schedule and a broker.

It sends names of jobs at their times. That needs neither the jobs nor Django's apps,
so it does without them and costs a third of the memory.
"""

from __future__ import annotations

from celery import Celery

app = Celery("mjproxy", fixups=[])
app.config_from_object("mjproxy.settings", namespace="CELERY")
