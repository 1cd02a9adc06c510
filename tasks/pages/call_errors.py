"""Errors of webhook calls, in the language of the page.

The log keeps them in English, as `mjproxy/lib/safe_http/client.py` says them.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop

_TEXTS: Final = frozenset(
    {
        gettext_noop("the signing secret fits no encryption key: make a new one"),
        gettext_noop("timed out"),
        gettext_noop("the name cannot be resolved"),
        gettext_noop("the TLS certificate or handshake is wrong"),
        gettext_noop("the connection was closed without an answer"),
        gettext_noop("the answer broke off"),
        gettext_noop("the answer is not HTTP"),
        gettext_noop("the address is not a public one"),
        gettext_noop("the name leads to a private address"),
        gettext_noop("blanks or control characters in it"),
        gettext_noop("neither http nor https"),
        gettext_noop("a name or password in the address"),
        gettext_noop("no host, or port 0"),
        gettext_noop("not an address"),
        gettext_noop("neither a name nor an address"),
        gettext_noop("not a host name"),
        # Words of the operating system.
        gettext_noop("refused"),
        gettext_noop("Connection refused"),
        gettext_noop("Connection reset by peer"),
        gettext_noop("Connection timed out"),
        gettext_noop("Network is unreachable"),
        gettext_noop("No route to host"),
    }
)
_FORMS: Final = tuple(
    (re.compile(re.escape(text).replace("%\\(what\\)s", "(.+)")), text)
    for text in (
        gettext_noop("cannot connect: %(what)s"),
        gettext_noop("port %(what)s is not one of HTTP"),
        gettext_noop("longer than %(what)s characters"),
    )
)


def in_words(error: str) -> str:
    """Return an error in the language of the page; "" if it has no other words."""
    if error in _TEXTS:
        return gettext(error)
    for form, text in _FORMS:
        if found := form.fullmatch(error):
            what = found[1]
            said = what if what.isdigit() else in_words(what)
            return gettext(text) % {"what": said} if said else ""
    return ""
