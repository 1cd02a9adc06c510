"""`manage.py copy_database --to URL`: move to another database."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import Error

from mjproxy.backups.archive import BadArchive
from mjproxy.backups.copying import Differs, copy
from mjproxy.backups.restoring import Refused
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.audit.records import note
from mjproxy.run import start


class Command(AuditedCommand):
    help = (
        "Copy all rows into an empty database of any kind, and compare both. "
        "The product must not run. Then set DATABASE_URL to it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", required=True, metavar="URL", help="As DATABASE_URL; empty so far."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lock = start.take_lock(settings.DATA_DIR)
            try:
                note("copy", "database")
                found = copy(options["to"])
            finally:
                os.close(lock)
        except (start.Refused, Refused, BadArchive, OSError, Error) as exc:
            raise CommandError(str(exc), returncode=2) from exc
        except Differs as exc:
            raise CommandError(str(exc), returncode=1) from exc
        for name, summed in sorted(found.items()):
            self.stdout.write(f"{name}: {summed}")
        total = sum(summed.count for summed in found.values())
        self.stdout.write(f"{total} row(s) copied and compared.")
