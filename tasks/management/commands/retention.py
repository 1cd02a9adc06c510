"""`manage.py retention`: remove what is too old, or show what would go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import retention as accounts_retention
from mjproxy.lib.db import time_limits
from tasks.cleanup import retention


class Command(BaseCommand):
    help = (
        "Remove tasks, pictures, logs and mails that are older than the retention "
        "settings say, as a job does every hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only count what would go."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with time_limits.lifted():
            for lot in retention.all_lots():
                self.stdout.write(f"{lot.count():>9} {lot.name}")
        if options["dry_run"]:
            self.stdout.write("Nothing was removed.")
            return
        retention.remove_old()
        accounts_retention.remove_old()
        self.stdout.write("They are removed.")
