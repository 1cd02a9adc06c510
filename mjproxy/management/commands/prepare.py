"""`manage.py prepare`: the first part of `up`, for containers of one process each."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.run import start


class Command(AuditedCommand):
    help = "Bring database and static files up to date and make the first operator."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            start.close_data_folder()
            start.check_configuration()
            start.check_database()
            start.prepare_static_files()
            start.prepare_database()
        except start.Refused as exc:
            raise CommandError(str(exc), returncode=2) from exc
