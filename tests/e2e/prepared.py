"""Prepare what a first start prepares: done once per run and copied for each product.

A start with a copy finds nothing to migrate and no static file to collect.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.e2e.harness import ROOT, outer_environment
from tests.e2e.services import template_database

# The settings close the folder to other users; nobody signs in, so no operator is made.
PREPARE: Final = """
import django
django.setup()
from django.core.management import call_command
from mjproxy.web import static_files
static_files.collect()
call_command("migrate", interactive=False, verbosity=0)
"""


def prepared_folder(shared: Path) -> Path:
    """Return the folder to copy, made by the first test process that asks.

    `shared` is a folder of this run that all its processes see.
    """
    folder = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = shared / "preparing"
            _prepare(making)
            making.rename(folder)
    return folder


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    environment = {
        "DJANGO_SETTINGS_MODULE": "mjproxy.settings",
        "MJPROXY_DATA_DIR": str(folder),
        "DATABASE_URL": template_database(),
    }
    subprocess.run(
        [sys.executable, "-c", PREPARE],
        cwd=ROOT,
        env=outer_environment() | environment,
        check=True,
        timeout=120,
    )
    # Each product makes its own.
    shutil.rmtree(folder / "secrets")


def shared_by_processes(base: Path) -> Path:
    """Return the folder above the processes of xdist, or `base` of the only process."""
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
