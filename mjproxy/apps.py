"""Django app `mjproxy`: its start-up code, and that of Django's admin."""

import re
import sys
from typing import Any

import django_stubs_ext
from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.http import request

# Run this before the first model or admin class: it makes them generic, as in
# ModelAdmin[Task].
django_stubs_ext.monkeypatch()

# Seconds after which a busy thread lets a waiting one run. Python's default of 5 ms is
# a third of the time that a submit takes to reach Discord.
THREAD_TURN = 0.0005
# Allowed characters of a Host header: Django's rule, plus the underscore that Compose
# puts into host names. ALLOWED_HOSTS still decides which hosts are ours.
HOST = re.compile(r"([a-z0-9._-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")


class ProductConfig(AppConfig):
    name = "mjproxy"

    def ready(self) -> None:
        sys.setswitchinterval(THREAD_TURN)
        # Celery's app must exist before the first job is sent from any process; the
        # others register themselves. Each line needs its comment, else ruff removes it.
        from mjproxy import (
            celery,  # noqa: F401
            checks,  # noqa: F401
            worker_watchdog,  # noqa: F401
        )
        from tasks import ports

        ports.setting_writer.register(_write_setting)
        request.host_validation_re = HOST


def _write_setting(name: str, value: object, /) -> None:
    # Forms of the API are loaded only where somebody moves in.
    from mjproxy.setting_document.moving import take

    take(name, value)


class AdminConfig(SimpleAdminConfig):
    """Django's admin without its pages, which are a third of all code at the start.

    They are loaded with the addresses of the site, so in the web process alone.
    """

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(**kwargs: Any) -> Any:
    """Load the admin's pages and check them."""
    admin.autodiscover()
    return check_admin_app(**kwargs)
