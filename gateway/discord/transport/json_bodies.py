"""Bodies of Discord's answers: what is no JSON, or has another shape, is one error.

Empty and half bodies come from Discord's own edge, pages from whoever stands between:
a proxy, a captive portal. All of that may pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson


class NotDiscord(OSError):
    """An answer that Discord would not give: to be tried again like a lost one."""


async def json_or_text(response: Any) -> Any:
    """Return a body's JSON, or its text where it is none or not of an answer's shape.

    Stands in for the library's own, which believes the header: a half body raised
    there, whatever the status said. With a text it looks at the status alone.
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
    """Take what is wanted out of an answer; raises NotDiscord where it is not there."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        raise NotDiscord(f"no answer of Discord's ({type(exc).__name__})") from exc
