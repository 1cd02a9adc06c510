"""Passphrases for commands: from a file, or typed; never from the command line."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError


def add_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file",
        metavar="PATH",
        help="Read the passphrase from the first line of a file; else it is asked for.",
    )


def passphrase_of(options: Mapping[str, Any], *, twice: bool = False) -> str:
    """Return the passphrase. Raises CommandError where it cannot be read."""
    if path := options.get("passphrase_file"):
        try:
            lines = Path(path).read_text().splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise CommandError(f"{path}: {exc}") from exc
        return lines[0] if lines else ""
    typed = getpass.getpass("Passphrase: ")
    if twice and typed != getpass.getpass("Once more: "):
        raise CommandError("The two passphrases differ.")
    return typed
