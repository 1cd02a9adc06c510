"""Limits on the bytes of a request, by address.

The web server counts them before it keeps them. Requests without a picture or a file
have a small limit, for every caller.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings

from mjproxy.web.middleware import canonical

LOGIN: Final = 4_000
SMALL: Final = 64_000
# A prompt of 8,192 characters, each in its longest JSON form, and the rest.
WORDS: Final = 256_000
FORMS: Final = 3_000_000  # forms of the admin: words, notes and tokens by the thousand

_PICTURES: Final = ("submit/", "insight-face/")
_WITHOUT_PICTURES: Final = (
    "submit/action",
    "submit/change",
    "submit/simple-change",
    "submit/shorten",
    "submit/show",
)
_OF_API: Final = {
    **dict.fromkeys(_WITHOUT_PICTURES, WORDS),
    "task/list-by-ids": WORDS,
    "task/list-by-condition": WORDS,
    "admin/login": LOGIN,
    "admin/logout": LOGIN,
    "admin/account": FORMS,
    "admin/accounts": FORMS,
    "admin/domain-tag": WORDS,
    "admin/banned-word": FORMS,
    "admin/setting": FORMS,
}
_FILES: Final = (
    "/mj/admin/accounts-import",
    "/admin/accounts/discordaccount/import-accounts/",
)


def body_limit(path: str) -> int:
    """Return the most bytes that a body to `path` may have."""
    path = canonical(path)
    if path in _FILES:
        return settings.MAX_BODY_BYTES
    before, found, name = path.partition("/mj/")
    is_api = found and before in ("", "/mj-fast", "/mj-relax", "/mj-turbo")
    limit = _of_api(name) if is_api else _of_page(path)
    return min(limit, settings.MAX_BODY_BYTES)


def _of_api(name: str) -> int:
    if limit := _OF_API.get(name):
        return limit
    if name.startswith(_PICTURES):
        return settings.MAX_BODY_BYTES
    return FORMS if name.startswith("admin/account/") else SMALL


def _of_page(path: str) -> int:
    return FORMS if path.startswith("/admin/") else SMALL
