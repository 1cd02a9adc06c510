"""What can stand in a header: what goes out in one is checked before it is kept.

A header holds ASCII on one line. Anything else breaks each request that carries it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError


def one_word(value: str) -> None:
    """Raise ValidationError for what cannot be a token or a key."""
    if not _is_line(value) or " " in value:
        raise ValidationError("Not a token.")


def header_text(value: str) -> None:
    """Raise ValidationError for a text that no header can hold."""
    if not _is_line(value) or value != value.strip():
        raise ValidationError(
            "A header holds one line of ASCII: no curly quotes, no other scripts, no "
            "blanks around it."
        )


def _is_line(value: str) -> bool:
    return value.isascii() and value.isprintable()
