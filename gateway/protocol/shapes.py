"""Shapes of the JSON that Discord sends and takes (docs/protocol.md).

What Discord sends is not checked: each member may be missing or of another type. The
modules that read it leave out what they do not understand. What we send is complete.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Button(TypedDict, total=False):
    """A button of a message. One that is a link has a `url` and no `custom_id`."""

    type: int
    style: int
    custom_id: str
    label: str
    emoji: dict[str, str]
    url: str


class SelectOption(TypedDict, total=False):
    """A choice of a select; `default` is true for the one that is chosen."""

    label: str
    value: str
    default: bool


class Component(Button, total=False):
    """A node of a message or window: row, container, button, select, text or field."""

    content: str
    value: str
    max_length: int
    options: list[SelectOption]
    component: Component
    components: list[Component]


class Author(TypedDict, total=False):
    """The user or bot that has sent a message."""

    id: str
    username: str
    bot: bool


class Embed(TypedDict, total=False):
    """A box of a message with a title, a text and a picture."""

    type: str
    title: str
    description: str
    color: int
    footer: dict[str, str]
    image: Media
    thumbnail: Media


class Media(TypedDict, total=False):
    """A file or picture of a message."""

    id: str
    filename: str
    url: str
    proxy_url: str
    content_type: str
    width: int
    height: int
    size: int


class Metadata(TypedDict, total=False):
    """The interaction that a message answers, and the one behind it."""

    id: str
    user: Author
    original_response_message_id: str
    interacted_message_id: str
    target_message_id: str
    triggering_interaction_metadata: Metadata


class ChannelMessage(TypedDict, total=False):
    """A message of a channel, from an event or from its history."""

    id: str
    channel_id: str
    guild_id: str
    type: int
    flags: int
    nonce: str
    content: str
    author: Author
    interaction: dict[str, object]
    interaction_metadata: Metadata
    message_reference: dict[str, str]
    attachments: list[Media]
    embeds: list[Embed]
    components: list[Component]


class Deleted(TypedDict, total=False):
    """One message that was removed, or several."""

    id: str
    ids: list[str]
    channel_id: str
    guild_id: str


class Opened(TypedDict, total=False):
    """What an interaction leads to: its id, and the window or page that it opens."""

    id: str
    nonce: str
    custom_id: str
    components: list[Component]


class ClientButton(TypedDict):
    """A button as the API shows it."""

    customId: str
    emoji: str
    label: str
    style: int
    type: int


class Command(TypedDict):
    """A command in the kept index; `longest` limits the text of its options."""

    id: str
    version: str
    name: str
    type: int
    application_id: str
    longest: NotRequired[dict[str, int]]


class Option(TypedDict):
    """An option of a command: a value, or a subcommand with options of its own."""

    type: int
    name: str
    value: NotRequired[str | int]
    options: NotRequired[list[Option]]


class Offer(TypedDict):
    """A place for a file: the address to send it to, and its name there."""

    upload_url: str
    upload_filename: str


class AttachedFile(TypedDict):
    """An uploaded file that a command takes along; `id` is its number there."""

    id: str
    filename: str
    uploaded_filename: str


class InteractionData(TypedDict, total=False):
    """What an interaction does: a command, a press, a choice, or a window's text."""

    id: str
    version: str
    name: str
    type: int
    options: list[Option]
    attachments: list[AttachedFile]
    target_id: str
    component_type: int
    custom_id: str
    values: list[str]
    components: list[Component]


class Interaction(TypedDict):
    """The body of POST /interactions."""

    type: int
    application_id: str
    channel_id: str
    session_id: str
    nonce: str
    data: InteractionData
    guild_id: NotRequired[str]
    message_id: NotRequired[str]
    message_flags: NotRequired[int]
    analytics_location: NotRequired[str]


class MaskedPage(TypedDict):
    """The body that the editor page posts."""

    customId: str
    mask: str
    prompt: str
    userId: str
    username: str
    full_prompt: None
