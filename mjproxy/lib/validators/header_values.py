"""Values that are sent in HTTP headers, checked before they are stored.

A header holds ASCII on one line. Anything else breaks each request that carries it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError


def one_word(value: str) -> None:
    """Raise ValidationError if the value cannot be a token or a key."""
    if not _is_line(value) or " " in value:
        raise ValidationError("Not a token.")


def header_text(value: str) -> None:
    """Raise ValidationError if a header cannot hold the text."""
    if not _is_line(value) or value != value.strip():
        raise ValidationError(
            "A header holds one line of ASCII: no curly quotes, no other scripts, no "
            "blanks around it."
        )


def _is_line(value: str) -> bool:
    return value.isascii() and value.isprintable()
