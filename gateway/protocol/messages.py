"""Read raw message objects, any field of which may be missing, into one dataclass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

from gateway.protocol import content
from gateway.protocol.constants import (
    BOT_IDS,
    ButtonStyle,
    ComponentType,
    MessageFlag,
    MessageType,
)
from gateway.protocol.shapes import (
    Button,
    ChannelMessage,
    ClientButton,
    Component,
)

UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
# Levels of rows, containers and sections that are read.
MAX_DEPTH: Final = 8


@dataclass(frozen=True)
class Attachment:
    url: str
    content_type: str
    width: int | None
    height: int | None


@dataclass(frozen=True)
class Message:
    """A bot's message: the fields that matching and reading need."""

    id: str
    channel_id: str
    author_id: str
    is_bot: bool
    nonce: str
    interaction_ids: tuple[str, ...]
    original_id: str  # the progress message that a final belongs to
    reference_id: str  # the message that this one replies to
    is_reply: bool
    flags: int
    text: str
    content: content.Content | None
    attachment: Attachment | None
    embeds: tuple[Mapping[str, object], ...]
    buttons: tuple[Button, ...]
    job_id: str
    raw: ChannelMessage = field(repr=False, compare=False)

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & MessageFlag.LOADING)

    @property
    def addressee(self) -> str:
        """The id of the user whom the message names, or ""."""
        if self.content:
            return self.content.user_id
        metadata = _dict(self.raw.get("interaction_metadata"))
        return _str(_dict(metadata.get("user")).get("id"))

    @property
    def pressed_id(self) -> str:
        """The id of the message whose button or menu this one answers, or ""."""
        metadata = _dict(self.raw.get("interaction_metadata"))
        pressed = metadata.get("interacted_message_id")
        return _str(pressed or metadata.get("target_message_id"))

    @property
    def is_result(self) -> bool:
        """True for a finished picture: a final text and an attachment."""
        return bool(self.content and self.content.is_final and self.attachment)


def looks_like_bot(author: Mapping[str, Any]) -> bool:
    """Return whether an author is Midjourney or niji, by id or by name.

    Any user can take the name, so it counts only if Discord marks the author as a bot.
    """
    if _str(author.get("id")) in BOT_IDS:
        return True
    name = _str(author.get("username")).lower()
    return author.get("bot") is True and name.endswith("journey bot")


def read(data: Mapping[str, Any]) -> Message:
    """Return the message in `data`. Fields of an unknown shape are left empty."""
    author = _dict(data.get("author"))
    metadata = _dict(data.get("interaction_metadata"))
    nested = _dict(metadata.get("triggering_interaction_metadata"))
    buttons = tuple(_buttons(data.get("components")))
    attachment = _attachment(data)
    text = _text(data)
    author_id = _str(author.get("id"))
    return Message(
        id=_str(data.get("id")),
        channel_id=_str(data.get("channel_id")),
        author_id=author_id,
        is_bot=looks_like_bot(author),
        nonce=_str(data.get("nonce")),
        interaction_ids=tuple(
            dict.fromkeys(
                _str(part.get("id"))
                for part in (_dict(data.get("interaction")), metadata, nested)
                if part.get("id")
            )
        ),
        original_id=_str(metadata.get("original_response_message_id"))
        or _str(nested.get("original_response_message_id")),
        reference_id=_str(_dict(data.get("message_reference")).get("message_id")),
        is_reply=data.get("type") == MessageType.REPLY,
        flags=_whole(data.get("flags")) or 0,
        text=text,
        content=content.parse(text),
        attachment=attachment,
        embeds=tuple(e for e in _list(data.get("embeds")) if isinstance(e, dict)),
        buttons=buttons,
        job_id=_job_id(buttons, attachment),
        raw=cast("ChannelMessage", data),
    )


def client_buttons(message: Message) -> list[ClientButton]:
    """Return the buttons in the form of the client API, without link buttons."""
    return [
        {
            "customId": button["custom_id"],
            "emoji": _str(_dict(button.get("emoji")).get("name")),
            "label": _str(button.get("label")),
            "style": button["style"] if isinstance(button.get("style"), int) else 2,
            "type": int(ComponentType.BUTTON),
        }
        for button in message.buttons
        if button.get("style") != ButtonStyle.LINK and _str(button.get("custom_id"))
    ]


def _job_id(buttons: tuple[Button, ...], attachment: Attachment | None) -> str:
    """Return the job's uuid: from a button, the file's name, or the web link."""
    for button in buttons:
        if found := UUID.findall(_str(button.get("custom_id"))):
            return str(found[-1]).lower()
    if attachment and (found := UUID.findall(_file_name(attachment.url))):
        return str(found[-1]).lower()
    for button in buttons:
        if found := UUID.findall(_str(button.get("url"))):
            return str(found[-1]).lower()
    return ""


def _file_name(url: str) -> str:
    try:
        return urlsplit(url).path.rsplit("/", 1)[-1]
    except ValueError:
        return ""


def _buttons(tree: Any) -> list[Component]:
    return [n for n in _walk(tree) if n.get("type") == ComponentType.BUTTON]


def _whole(value: Any) -> int | None:
    """Return a number that every database can hold, or None."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value < 2**31 else None


def _attachment(data: Mapping[str, Any]) -> Attachment | None:
    for item in _list(data.get("attachments")):
        url = item.get("url") if isinstance(item, dict) else None
        if isinstance(url, str) and url:
            return Attachment(
                url=url,
                content_type=_str(item.get("content_type")).split(";")[0],
                width=_whole(item.get("width")),
                height=_whole(item.get("height")),
            )
    return None


def _text(data: Mapping[str, Any]) -> str:
    text = _str(data.get("content"))
    if text:
        return text
    # Newer messages carry their text in components.
    parts = [
        _str(node.get("content"))
        for node in _walk(data.get("components"))
        if node.get("type") == ComponentType.TEXT_DISPLAY
    ]
    return "\n".join(parts)


def _walk(tree: Any, depth: int = MAX_DEPTH) -> list[Component]:
    """Return a tree's components, parents first, down to `depth` levels."""
    found: list[Component] = []
    for node in _list(tree) if depth else ():
        if isinstance(node, dict):
            found += [
                cast("Component", node),
                *_walk(node.get("components"), depth - 1),
            ]
    return found


def _str(value: Any) -> str:
    if isinstance(value, str):
        return _storable(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _storable(text: str) -> str:
    """Return the text without NUL and lone surrogates, which databases refuse."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode(errors="ignore").decode()
    return text.replace("\0", "")


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
