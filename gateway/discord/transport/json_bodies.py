"""Parse bodies of Discord's answers; a body of another form raises one error.

Empty and half bodies come from Discord's own edge, HTML pages from a proxy or a captive
portal. All of them may pass, so the error is temporary.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson


class NotDiscord(OSError):
    """An answer that is not Discord's; the request may be tried again later."""


async def json_or_text(response: Any) -> Any:
    """Return a body's JSON, or its text if it is no JSON of an expected shape.

    Replaces the library's function, which trusts the Content-Type and raises for a half
    body, whatever the status. Given a text, the library looks at the status only.
    """
    content = await response.acontent()
    text = content.decode(errors="replace")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    fits = isinstance(said, dict) or (
        isinstance(said, list) and 200 <= response.status_code < 300
    )
    return said if fits else text


@contextlib.contextmanager
def taking() -> Iterator[None]:
    """Turn errors of shape inside the block into NotDiscord."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        raise NotDiscord(
            f"the answer is not from Discord ({type(exc).__name__})"
        ) from exc
