"""What every process has loaded once Django is ready, seen from a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
QUESTIONS = """
import django
django.setup()
import json, sys
modules = list(sys.modules)
from celery import current_app
from django.core.checks import registry
broker = current_app.connection_for_write()
registry.run_checks(tags=["admin"])
print(json.dumps({
    "app": current_app.main,
    "broker": [broker.transport_cls, broker.port, broker.virtual_host],
    "checks": sorted(registry.registry.tags_available()),
    "modules": modules,
    "with checks": list(sys.modules),
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says of itself once it has set Django up."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "mjproxy.settings",
        "MJPROXY_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "REDIS_URL": "redis://127.0.0.1:1/3",
    }
    command = [sys.executable, "-c", QUESTIONS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_process_sends_jobs_to_the_broker_of_the_settings(
    told: dict[str, Any],
) -> None:
    assert told["app"] == "mjproxy"
    assert told["broker"] == ["redis", 1, "3"]


def test_every_process_knows_the_system_checks(told: dict[str, Any]) -> None:
    assert "mjproxy" in told["checks"]


def test_every_worker_has_its_watchdog(told: dict[str, Any]) -> None:
    assert "mjproxy.worker_watchdog" in told["modules"]


def test_the_admins_pages_are_loaded_where_they_are_served_or_checked(
    told: dict[str, Any],
) -> None:
    pages = {f"{app}.admin" for app in ("accounts", "tasks", "gateway")}

    assert not pages & set(told["modules"])
    assert pages <= set(told["with checks"])
