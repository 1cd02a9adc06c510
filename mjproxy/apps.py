import re
import sys

import django_stubs_ext
from django.apps import AppConfig
from django.http import request

# Before the first model or admin class: they are generic, as in ModelAdmin[Task].
django_stubs_ext.monkeypatch()

# Seconds after which a busy thread lets a waiting one go on. Python's own 5 ms are a
# third of what the whole way from a submit to Discord may take.
THREAD_TURN = 0.0005
# What a Host header may be: as Django has it, and with the underscore that Compose puts
# into names. Whether the host is ours is asked of ALLOWED_HOSTS all the same.
HOST = re.compile(r"([a-z0-9._-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")


class ProductConfig(AppConfig):
    name = "mjproxy"

    def ready(self) -> None:
        sys.setswitchinterval(THREAD_TURN)
        # Celery's app must exist before the first job is sent from any process.
        from mjproxy import (
            worker_watchdog,  # noqa: F401
        )

        request.host_validation_re = HOST
