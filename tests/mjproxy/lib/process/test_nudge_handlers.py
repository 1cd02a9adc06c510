from __future__ import annotations

import re

from django.conf import settings

from mjproxy.celery import app
from mjproxy.lib.process.nudge_handlers import handlers
from tests.test_conventions import files

NUDGED = re.compile(r'\bnudge(?:\(|, )\s*"([\w.]+)"')


def test_every_nudge_has_a_handler_and_every_handler_a_nudge() -> None:
    app.loader.import_default_modules()
    product = files("accounts/*.py", "gateway/*.py", "mjproxy/*.py", "tasks/*.py")

    nudged = {name for path in product for name in NUDGED.findall(path.read_text())}

    assert nudged == handlers.keys()


def test_work_in_threads_has_a_queue_of_its_own() -> None:
    app.loader.import_default_modules()

    in_threads = {job for job, handler in handlers.items() if not handler.is_async}

    assert in_threads == settings.NUDGE_QUEUES.keys()
    assert settings.CELERY_TASK_DEFAULT_QUEUE not in settings.NUDGE_QUEUES.values()
