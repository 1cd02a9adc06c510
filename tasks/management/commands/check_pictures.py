"""`manage.py check_pictures`: compare the kept pictures with their files."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from mjproxy.lib.audit.commands import AuditedCommand
from tasks.pictures.kept import inventory
from tasks.pictures.kept.failures import NotUsable


class Command(AuditedCommand):
    help = (
        "List files of the data folder and the bucket that no row names, and kept "
        "pictures whose file is missing. The product may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove",
            action="store_true",
            help="Let workers remove the files that no row names.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = inventory.differences()
        except (NotUsable, OSError) as exc:
            raise CommandError(f"The pictures cannot be listed: {exc}") from exc
        for kind, names in found.strays.items():
            for name in names:
                self.stdout.write(f"no row names it: {kind} {name}")
        for name in found.missing:
            self.stdout.write(f"missing: {name}")
        self.stdout.write(
            f"{found.checked} kept picture(s), {len(found.missing)} missing, "
            f"{found.count} file(s) without a row that are older than a day."
        )
        if options["remove"] and found.count:
            count = inventory.remove_strays(found)
            self.stdout.write(f"Workers remove the files of {count} picture(s).")
        if found.missing:
            raise CommandError(f"{len(found.missing)} kept picture(s) are missing.")
