"""`manage.py import_accounts FILE`: add the accounts of another installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.transfer.accounts import Refused, import_file
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.passphrase import add_option, passphrase_of
from mjproxy.lib.sealed_file import MOST_BYTES, BadFile


class Command(AuditedCommand):
    help = "Add the Discord accounts of a file: all of them, or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument(
            "--update",
            action="store_true",
            help="Overwrite accounts whose channel exists; otherwise skip them.",
        )
        add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Path(options["file"]).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            passphrase = passphrase_of(options)
            report = import_file(data, passphrase, update=options["update"])
        except (BadFile, OSError) as exc:
            raise CommandError(str(exc)) from exc
        except Refused as exc:
            for number, text in exc.report.errors.items():
                self.stderr.write(f"{number}: {text}")
            raise CommandError(str(exc)) from exc
        self.stdout.write(str(report))
