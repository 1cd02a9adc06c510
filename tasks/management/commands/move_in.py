"""`manage.py move_in SOURCE`: move in from another server, and say how it goes."""

from __future__ import annotations

import getpass
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.exceptions import InvalidField
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.process import event_loop
from tasks.enums import MoveSource, MoveState
from tasks.models import MoveIn
from tasks.moving import report
from tasks.moving.begin import begin
from tasks.moving.java_settings import MOST_BYTES, accounts_in
from tasks.moving.pictures import rows as copies
from tasks.moving.running import go_on

LOOK: Final = 1.0  # seconds between two looks at the run


class Command(AuditedCommand):
    help = (
        "Take accounts and tasks of another server. It can be repeated: what is here "
        "already is skipped. If this command is stopped, a worker goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", choices=MoveSource.values)
        parser.add_argument("--host", required=True, help="As https://old.example.")
        parser.add_argument(
            "--key-file",
            metavar="PATH",
            help="Read the key of an operator there from the first line of a file; "
            "else it is asked for.",
        )
        parser.add_argument(
            "--settings-file",
            metavar="PATH",
            help="The Java line's application.yml, whose accounts are taken.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Read everything, write nothing."
        )
        parser.add_argument(
            "--no-pictures",
            action="store_true",
            help="Do not copy the pictures: tasks only link to them. Else workers copy "
            "them afterwards; keep the old server until none is left.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            move = begin(
                MoveSource(options["source"]),
                options["host"],
                _key(options["key_file"]),
                is_dry=options["dry_run"],
                with_pictures=not options["no_pictures"],
                given=_accounts(options["settings_file"]),
                by_nudge=False,
            )
        except InvalidField as exc:
            raise CommandError(exc.en) from exc
        move = self._followed(move.pk)
        self.stdout.write("\n".join(report.in_words(move.report)))
        if move.state != MoveState.DONE:
            raise CommandError(f"{move.get_state_display()}: {move.problem}")
        if left := copies.counts(move.pk).left:
            self.stdout.write(
                f"Workers copy the pictures of {left} task(s) now. The page of the "
                "run in the admin shows how many are left."
            )
        self.stdout.write("Nothing was written." if move.is_dry else "Done.")

    def _followed(self, move_id: int) -> MoveIn:
        """Do the run, or wait while a worker does it; say where it is."""
        said = ""
        work = event_loop.spawn(go_on(move_id))
        while True:
            move = MoveIn.objects.defer(*MoveIn.SECRETS).get(pk=move_id)
            if (text := _where(move)) != said:
                said = text
                self.stderr.write(text)
            if move.state != MoveState.OPEN and work.done():
                return move
            if work.done() and (not move.next_at or move.next_at <= timezone.now()):
                work = event_loop.spawn(go_on(move_id))
            time.sleep(LOOK)


def _where(move: MoveIn) -> str:
    text = f"{move.part}, page {move.page + 1}"
    return f"{text}; waits: {move.problem}" if move.problem else text


def _accounts(path: str | None) -> list[dict[str, object]] | None:
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            return accounts_in(file.read(MOST_BYTES + 1))
    except OSError as exc:
        raise CommandError(f"{path}: {exc.strerror}") from exc


def _key(path: str | None) -> str:
    if path is None:
        return getpass.getpass("Key of an operator there: ")
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"{path}: {exc}") from exc
    return lines[0].strip() if lines else ""
