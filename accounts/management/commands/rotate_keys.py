"""`manage.py rotate_keys`: encrypt every secret under the first key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from accounts.signup import second_factors
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.audit.records import note
from mjproxy.lib.db.key_rotation import rotate


class Command(AuditedCommand):
    help = (
        "Encrypt every stored secret under the first of MJPROXY_ENCRYPTION_KEYS, so "
        "that the others can be taken away. The product may run."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = rotate()
        second_factors.rotate(report)
        note(
            "rotate keys",
            "encryption keys",
            rotated=report.rotated,
            unreadable=len(report.unreadable),
        )
        self.stdout.write(f"Encrypted anew: {report.rotated}")
        self.stdout.write(f"Under the first key already: {report.current}")
        if report.edited:
            self.stdout.write(f"Edited meanwhile, run this again: {report.edited}")
        if report.unreadable:
            self.stderr.write("\n".join(report.unreadable))
            count = len(report.unreadable)
            raise CommandError(f"{count} secret(s) fit no key: enter them again")
