"""Build bodies of POST /interactions (docs/protocol.md, interactions)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.protocol.constants import (
    CommandType,
    ComponentType,
    InteractionType,
    MessageFlag,
    OptionType,
)
from gateway.protocol.shapes import (
    AttachedFile,
    Command,
    Component,
    Interaction,
    InteractionData,
    MaskedPage,
    Option,
)


@dataclass(frozen=True)
class Place:
    """Where an interaction happens: application, channel, session and server."""

    application_id: str
    channel_id: str
    session_id: str
    guild_id: str = ""


def _envelope(
    kind: InteractionType, place: Place, nonce: str, data: InteractionData
) -> Interaction:
    body: Interaction = {
        "type": int(kind),
        "application_id": place.application_id,
        "channel_id": place.channel_id,
        "session_id": place.session_id,
        "nonce": nonce,
        "data": data,
    }
    if place.guild_id:
        body["guild_id"] = place.guild_id
    return body


def slash_command(
    place: Place,
    nonce: str,
    command: Command,
    options: list[Option],
    attachments: list[AttachedFile] | None = None,
) -> Interaction:
    """Return the body of a chat command.

    `command` is its entry in the command index.
    """
    data: InteractionData = {
        "version": command["version"],
        "id": command["id"],
        "name": command["name"],
        "type": int(CommandType.CHAT),
        "options": options,
        "attachments": attachments or [],
    }
    body = _envelope(InteractionType.COMMAND, place, nonce, data)
    return {**body, "analytics_location": "slash_ui"}


def text_option(name: str, value: str) -> Option:
    return {"type": int(OptionType.STRING), "name": name, "value": value}


def subcommand(name: str, *options: Option) -> Option:
    return {"type": int(OptionType.SUBCOMMAND), "name": name, "options": list(options)}


def imagine(place: Place, nonce: str, command: Command, prompt: str) -> Interaction:
    return slash_command(place, nonce, command, [text_option("prompt", prompt)])


@dataclass(frozen=True)
class Upload:
    """An uploaded file that is not yet attached to a command."""

    filename: str
    uploaded_filename: str


def with_files(
    place: Place,
    nonce: str,
    command: Command,
    names: Sequence[str],
    uploads: Sequence[Upload],
    more: Sequence[Option] = (),
) -> Interaction:
    """Return the body of a command with attachments.

    `names` are the options of the `uploads`, in order. The option's value is the number
    of the attachment.
    """
    numbered = list(enumerate(zip(names, uploads, strict=True)))
    options: list[Option] = [
        {"type": int(OptionType.ATTACHMENT), "name": name, "value": number}
        for number, (name, _) in numbered
    ]
    attachments: list[AttachedFile] = [
        {
            "id": str(number),
            "filename": upload.filename,
            "uploaded_filename": upload.uploaded_filename,
        }
        for number, (_, upload) in numbered
    ]
    return slash_command(place, nonce, command, [*options, *more], attachments)


def message_command(
    place: Place, nonce: str, command: Command, target_id: str
) -> Interaction:
    """Return the body of a command of a message's context menu, as "Cancel Job"."""
    data: InteractionData = {
        "version": command["version"],
        "id": command["id"],
        "name": command["name"],
        "type": int(CommandType.MESSAGE),
        "options": [],
        "attachments": [],
        "target_id": target_id,
    }
    return _envelope(InteractionType.COMMAND, place, nonce, data)


def button(
    place: Place, nonce: str, *, message_id: str, flags: int, custom_id: str
) -> Interaction:
    """Return the body of a press of a button.

    `flags` are those of the message with the button.
    """
    data: InteractionData = {
        "component_type": int(ComponentType.BUTTON),
        "custom_id": custom_id,
    }
    body = _envelope(InteractionType.COMPONENT, place, nonce, data)
    return {**body, "message_id": message_id, "message_flags": flags & 64}


def choice(
    place: Place, nonce: str, *, message_id: str, custom_id: str, value: str
) -> Interaction:
    """Return the body of a choice in a select of an ephemeral message."""
    select = int(ComponentType.SELECT)
    data: InteractionData = {
        "component_type": select,
        "type": select,
        "custom_id": custom_id,
        "values": [value],
    }
    body = _envelope(InteractionType.COMPONENT, place, nonce, data)
    flags = int(MessageFlag.EPHEMERAL)
    return {**body, "message_id": message_id, "message_flags": flags}


def window_answer(
    place: Place,
    nonce: str,
    *,
    interaction_id: str,
    window_id: str,
    text_field: str,
    text: str,
) -> Interaction:
    """Return the body that submits a window.

    `interaction_id` is the interaction that opened the window.
    """
    entry: Component = {
        "type": int(ComponentType.TEXT_INPUT),
        "custom_id": text_field,
        "value": text,
    }
    data: InteractionData = {
        "id": interaction_id,
        "custom_id": window_id,
        "components": [{"type": int(ComponentType.ROW), "components": [entry]}],
    }
    return _envelope(InteractionType.MODAL_SUBMIT, place, nonce, data)


def masked(page_id: str, mask: str, prompt: str) -> MaskedPage:
    """Return the body that the editor page posts.

    `mask` is base64. The account's token is not part of it.
    """
    return {
        "customId": page_id,
        "mask": mask,
        "prompt": prompt,
        "userId": "0",
        "username": "0",
        "full_prompt": None,
    }
