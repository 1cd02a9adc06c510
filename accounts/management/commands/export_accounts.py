"""`manage.py export_accounts FILE`: write accounts for another installation."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.models import DiscordAccount
from accounts.transfer.accounts import export_file
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.passphrase import add_option, passphrase_of
from mjproxy.lib.sealed_file import BadFile


class Command(AuditedCommand):
    help = "Write all Discord accounts into a file; their secrets are encrypted in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="Must not exist yet.")
        parser.add_argument("--group", help="Only the accounts of this group.")
        add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = DiscordAccount.objects.all()
        if group := options["group"]:
            rows = rows.filter(group__iexact=group)
        try:
            data = export_file(rows, passphrase_of(options, twice=True))
            _write(options["file"], data)
        except (BadFile, ValueError, OSError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"{rows.count()} account(s) written to {options['file']}.")


def _write(path: str, data: bytes) -> None:
    # Only the owner can read the file, and no existing file is overwritten.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
