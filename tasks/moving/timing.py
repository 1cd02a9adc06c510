"""Times of moving in: claims, patience, pauses between two tries."""

from __future__ import annotations

from datetime import timedelta

# Tests make them shorter, by a settings module of their own.
CLAIM = timedelta(minutes=3)  # longer than a page takes
PAGE_SECONDS = 60.0  # for fetching a page
TRY_AGAIN: tuple[int, ...] = (5, 15, 60, 120, 300)  # seconds after each failed try

PICTURE_CLAIM = timedelta(minutes=10)  # longer than fetching and writing a picture
PICTURE_SECONDS = 60.0  # for fetching a picture
# Seconds after each failed try. Meanwhile an operator can enable the accounts, which
# arrive disabled and are needed to renew links at Discord.
PICTURE_AGAIN: tuple[int, ...] = (60, 600, 3600, 6 * 3600, 24 * 3600)
# Seconds after each failure in a row of a host; then all its pictures are given up.
HOST_RESTS: tuple[int, ...] = (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
