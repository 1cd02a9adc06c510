"""`manage.py restore FILE`: restore a backup."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import Error

from mjproxy.backups.archive import BadArchive
from mjproxy.backups.restoring import Refused, Report, restore
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.audit.records import note
from mjproxy.lib.passphrase import add_option, passphrase_of
from mjproxy.lib.sealed_file import BadFile
from mjproxy.run import start


class Command(AuditedCommand):
    help = (
        "Put a backup back in the place of what is there, which is kept aside. "
        "The product must not run."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A file of `backup`; - is standard input.")
        parser.add_argument(
            "--secrets", action="store_true", help="Put its secrets back, too."
        )
        add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lock = start.take_lock(settings.DATA_DIR)
            try:
                report = _restored(options)
                note("restore", "backup", made_at=report.manifest.made_at)
                self._tell(report)
            finally:
                os.close(lock)
        except (start.Refused, Refused, BadArchive, BadFile, OSError, Error) as exc:
            raise CommandError(str(exc), returncode=2) from exc

    def _tell(self, report: Report) -> None:
        made = report.manifest
        lines = [
            f"Restored: the backup of {made.made_at}, made by version {made.product}.",
            *(f"Kept: {path}" for path in report.kept),
            *report.notes,
            "Sent again when the product starts:",
            *(f"  {count} {what}" for what, count in report.again.items()),
        ]
        self.stdout.write("\n".join(lines))


def _restored(options: Mapping[str, Any]) -> Report:
    passphrase = passphrase_of(options) if options["secrets"] else None
    if options["file"] != "-":
        return restore(Path(options["file"]).absolute(), passphrase=passphrase)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".restore-") as name:
        path = Path(name, "backup.tar")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        return restore(path, passphrase=passphrase)
