"""Collect the texts of the pages and compile their Chinese: `make texts`."""

from __future__ import annotations

import sys

from django.conf import settings

from tests.texts.sources import PO, ROOT, renew

if __name__ == "__main__":
    settings.configure()  # reading templates needs no more
    for text in (missing := renew()):
        print(text)  # noqa: T201
    if missing:
        sys.exit(f"These have no Chinese yet in {PO.relative_to(ROOT)}.")
