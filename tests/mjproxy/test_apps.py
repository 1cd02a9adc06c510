"""What every process has loaded once Django is ready, seen from a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def after_setup(question: str, data: Path) -> str:
    """Return what Python prints for `question` once it has set Django up."""
    code = f"import django; django.setup(); {question}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "mjproxy.settings",
        "MJPROXY_DATA_DIR": str(data),
        "REDIS_URL": "redis://127.0.0.1:1/3",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_every_process_sends_jobs_to_the_broker_of_the_settings(tmp_path: Path) -> None:
    question = (
        "from celery import current_app as app;"
        "broker = app.connection_for_write();"
        "print(app.main, broker.transport_cls, broker.port, broker.virtual_host)"
    )

    assert after_setup(question, tmp_path) == "mjproxy redis 1 3"


def test_every_process_knows_the_system_checks(tmp_path: Path) -> None:
    question = (
        "from django.core.checks import registry;"
        "print('mjproxy' in registry.registry.tags_available())"
    )

    assert after_setup(question, tmp_path) == "True"


def test_every_worker_has_its_watchdog(tmp_path: Path) -> None:
    question = "import sys; print('mjproxy.worker_watchdog' in sys.modules)"

    assert after_setup(question, tmp_path) == "True"
