"""Values of another server, made safe: each function returns what a column can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_datetime

LONGEST_TEXT: Final = 20_000
MOST_BUTTONS: Final = 100
_LAST_MS: Final = 32_503_680_000_000  # the year 3000
_FIRST_YEAR, _LAST_YEAR = 1971, 2999
_LONE: Final = re.compile("[\x00\ud800-\udfff]")  # no database or answer can hold them
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_FIRST_ID, _MOST_ID = 1, (1 << 63) - 1


def text_of(value: Any, most: int = LONGEST_TEXT) -> str:
    """Return a text, or "" for a value that is none."""
    return _LONE.sub("", value)[:most] if isinstance(value, str) else ""


def first_text(*values: Any, most: int = LONGEST_TEXT) -> str:
    """Return the first of the values that is a text with something in it."""
    return next(filter(None, (text_of(value, most) for value in values)), "")


def id_of(value: Any) -> int | None:
    """Return the id of a task as a number that a column can hold, or None."""
    digits = str(value) if isinstance(value, int | str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        return None
    return int(digits) if _FIRST_ID <= int(digits) <= _MOST_ID else None


def digits_of(value: Any, most: int = 20) -> str:
    """Return an id of Discord or a seed, or ""."""
    text = text_of(value, most + 1)
    return text if text.isascii() and text.isdigit() and len(text) <= most else ""


def job_of(value: Any) -> str:
    """Return the id of a job of Midjourney, or ""."""
    text = text_of(value, 40).lower()
    return text if _UUID.fullmatch(text) else ""


def number_of(value: Any, least: int, most: int) -> int | None:
    """Return a whole number within limits, or None."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and least <= value <= most else None


def moment_of(value: Any) -> datetime | None:
    """Return the moment of milliseconds since 1970, or None."""
    ms = number_of(value, 1, _LAST_MS)
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=UTC)


def time_of(value: Any) -> datetime | None:
    """Return the moment of a text such as 2024-09-06T10:01:46+08:00, or None.

    Without an offset it is a time of this server's zone.
    """
    try:
        found = parse_datetime(text_of(value, 40))
    except ValueError:
        return None
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def address_of(value: Any) -> str | None:
    """Return an IP address, or None."""
    try:
        return str(ip_address(text_of(value, 60)).compressed)
    except ValueError:
        return None


def link_of(value: Any, most: int = 4000) -> str:
    """Return a link to a web page, or ""."""
    text = text_of(value, most + 1).strip()
    is_link = text.startswith(("https://", "http://")) and len(text) <= most
    return (
        text if is_link and text.isprintable() and not set(text) & set(' <>"') else ""
    )


def choice_of(value: Any, kinds: type[TextChoices], numbers: Iterable[str] = ()) -> str:
    """Return a word of an enumeration, or "". `numbers` are the words by number."""
    if isinstance(value, int) and not isinstance(value, bool):
        named = dict(enumerate(numbers))
        value = named.get(value, "")
    word = text_of(value, 40).upper()
    return word if word in kinds.values else ""


def buttons_of(value: Any) -> list[dict[str, object]]:
    """Return the buttons of a task in the form that clients know."""
    found: list[dict[str, object]] = []
    for each in value[:MOST_BUTTONS] if isinstance(value, list) else ():
        if isinstance(each, Mapping) and (custom_id := text_of(each.get("customId"))):
            found.append(
                {
                    "customId": custom_id[:200],
                    "emoji": text_of(each.get("emoji"), 40),
                    "label": text_of(each.get("label"), 80),
                    "type": number_of(each.get("type"), 0, 100) or 2,
                    "style": number_of(each.get("style"), 0, 100) or 2,
                }
            )
    return found
