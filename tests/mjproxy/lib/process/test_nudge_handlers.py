from __future__ import annotations

import re

from mjproxy.celery import app
from mjproxy.lib.process.nudge_handlers import handlers
from tests.test_conventions import files

NUDGED = re.compile(r'\bnudge\(\s*"([\w.]+)"')


def test_every_nudge_has_a_handler_and_every_handler_a_nudge() -> None:
    app.loader.import_default_modules()
    product = files("accounts/*.py", "gateway/*.py", "mjproxy/*.py", "tasks/*.py")

    nudged = {name for path in product for name in NUDGED.findall(path.read_text())}

    assert nudged == handlers.keys()
