"""Read the answers of describe and shorten: an embed of text, with buttons below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.protocol.messages import Message

_PREVIEW_EMBEDS = frozenset({"image", "link", "article", "video", "gifv"})


@dataclass(frozen=True)
class Words:
    """The text of an answer, and the address and size of its picture, if any."""

    text: str
    picture_url: str = ""
    picture_proxy_url: str = ""
    width: int | None = None
    height: int | None = None


def read(message: Message) -> Words | None:
    """Return the answer that a message holds, or None (docs/protocol.md, words)."""
    if message.attachment or not message.buttons:
        return None
    for embed in message.embeds:
        text = embed.get("description")
        preview = embed.get("type") in _PREVIEW_EMBEDS
        if isinstance(text, str) and text.strip() and not preview:
            return _with_picture(text, embed.get("image"))
    return None


def _with_picture(text: str, image: Any) -> Words:
    image = image if isinstance(image, dict) else {}
    url, proxy = image.get("url"), image.get("proxy_url")
    width, height = image.get("width"), image.get("height")
    return Words(
        text=text,
        picture_url=url if isinstance(url, str) else "",
        picture_proxy_url=proxy if isinstance(proxy, str) else "",
        width=width if isinstance(width, int) else None,
        height=height if isinstance(height, int) else None,
    )
