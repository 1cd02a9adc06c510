"""`manage.py backup FILE`: write everything that must be kept into one file."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from mjproxy.backups import kept_pictures
from mjproxy.backups.making import in_bucket, make
from mjproxy.lib.passphrase import add_option, passphrase_of
from tasks.pictures.kept.failures import NotUsable
from tasks.snapshots import storage_settings

STREAM = "-"


class Command(BaseCommand):
    help = "Write all rows as they are now into one file. The product may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="Must not exist yet; - is standard output.")
        parser.add_argument(
            "--pictures",
            action="store_true",
            help="Kept pictures of the data folder, too.",
        )
        parser.add_argument(
            "--bucket",
            action="store_true",
            help="Kept pictures of the bucket, too: all are fetched.",
        )
        parser.add_argument(
            "--secrets",
            action="store_true",
            help="The installation's secrets, too, encrypted with a passphrase.",
        )
        add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        passphrase = passphrase_of(options, twice=True) if options["secrets"] else None
        wanted = {
            "pictures": options["pictures"],
            "bucket": options["bucket"],
            "passphrase": passphrase,
        }
        try:
            if options["file"] == STREAM:
                _stream(wanted)
            else:
                make(Path(options["file"]).absolute(), **wanted)
        except (OSError, ValueError, Error, NotUsable) as exc:
            raise CommandError(str(exc)) from exc
        if options["file"] != STREAM:
            self.stdout.write(f"Written: {options['file']}")
        names = list(in_bucket().values_list("name", flat=True))
        for line in kept_pictures.in_bucket(names, storage_settings()):
            self.stderr.write(line)
        if names and not options["bucket"]:
            text = (
                "They are not in the file, which has their names. --bucket adds them."
            )
            self.stderr.write(text)


def _stream(wanted: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".backup-") as name:
        path = Path(name, "backup.tar")
        make(path, **wanted)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
