"""Texts that look like secrets, wherever they stand."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

# Three-part Discord tokens, our own keys and invitations, secrets of webhooks, keys of
# Stripe, and credentials inside addresses.
_SECRETS: Final = re.compile(
    r"[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}"
    r"|(?:mjp|inv)_[\w-]{16,}"
    r"|whsec_[\w+/=-]{16,}"
    r"|[sr]k_(?:live|test)_\w{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def without_secrets(text: str) -> str:
    """Return a text with asterisks in the place of what looks like a secret."""
    return _SECRETS.sub(HIDDEN, text)
