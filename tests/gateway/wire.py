"""Discord's payloads for tests: a test gives only the values that matter to it."""

from __future__ import annotations

from typing import Any, Final

from gateway.protocol.constants import MIDJOURNEY_APP

Json = dict[str, Any]

GUILD: Final = "1311111111111111100"
CHANNEL: Final = "1311111111111111200"
US: Final = "1311111111111111300"
STRANGER: Final = "1311111111111111400"
RED: Final = 16711680
AMBER: Final = 16776960
CDN: Final = "https://cdn.example.test/attachments"

PROMPT: Final = "a tin robot watering tulips"
JOB: Final = "0d5c1c86-53a7-4a41-bb0a-1f0f5ad1a5c1"
OTHER_JOB: Final = "7e0a6b7f-0c4e-4d7b-9b1b-64b9f6f1d2aa"
PARENT_JOB: Final = "c2a5b8de-2f0d-4a8e-8a67-90c0de00c0de"


def message(message_id: str, text: str = "", **fields: Any) -> Json:
    """A message of the bot."""
    return {
        "id": message_id,
        "type": 0,
        "channel_id": CHANNEL,
        "guild_id": GUILD,
        "author": {"id": MIDJOURNEY_APP, "username": "Midjourney Bot", "bot": True},
        "content": text,
        "flags": 0,
        "attachments": [],
        "embeds": [],
        "components": [],
        **fields,
    }


def start(
    message_id: str, *, prompt: str = PROMPT, user: str = US, **fields: Any
) -> Json:
    text = f"**{prompt}** - <@{user}> (Waiting to start)"
    return message(message_id, text, type=20, **fields)


def progress(
    message_id: str,
    percent: int,
    *,
    prompt: str = PROMPT,
    user: str = US,
    verb: str = "",
    job: str = "",
    **fields: Any,
) -> Json:
    text = f"**{prompt}** - {verb}<@{user}> ({percent}%) (fast)"
    if job:
        fields = {"components": rows(cancel(job)), **fields}
        fields = {"attachments": [picture(f"{job}_grid_0.webp")], **fields}
    return message(message_id, text, type=20, **fields)


def final(
    message_id: str,
    *,
    prompt: str = PROMPT,
    user: str = US,
    job: str = JOB,
    said: str = "",
    mode: str = " (fast)",
    **fields: Any,
) -> Json:
    """A finished picture; `said` stands before the user, such as "Image #2 "."""
    fields = {
        "attachments": [picture(f"robot_{job}.png", width=2048, height=2048)],
        "components": grid_buttons(job),
        **fields,
    }
    return message(message_id, f"**{prompt}** - {said}<@{user}>{mode}", **fields)


def notice(
    message_id: str,
    title: str,
    description: str = "For reasons.",
    *,
    color: int = RED,
    **fields: Any,
) -> Json:
    embed = {
        "type": "rich",
        "color": color,
        "title": title,
        "description": description,
    }
    return message(message_id, embeds=[embed], **fields)


def picture(name: str, **fields: Any) -> Json:
    return {
        "id": "1311111111111111500",
        "filename": name,
        "url": f"{CDN}/1/2/{name}?ex=6a&is=6b&hm=6c",
        "content_type": "image/png",
        **fields,
    }


def button(custom_id: str, label: str = "", **fields: Any) -> Json:
    return {"type": 2, "style": 2, "label": label, "custom_id": custom_id, **fields}


def cancel(job: str) -> Json:
    return button(f"MJ::CancelJob::ByJobid::{job}", "Cancel Job", style=4)


def rows(*buttons: Json) -> list[Json]:
    return [{"type": 1, "components": list(buttons)}]


def grid_buttons(job: str) -> list[Json]:
    upscales = [button(f"MJ::JOB::upsample::{i}::{job}", f"U{i}") for i in range(1, 5)]
    varies = [button(f"MJ::JOB::variation::{i}::{job}", f"V{i}") for i in range(1, 5)]
    return rows(*upscales) + rows(*varies)


def reply_to(message_id: str) -> Json:
    """The fields of a reply, to be spread into a message."""
    return {"type": 19, "message_reference": {"message_id": message_id}}


def answers(interaction_id: str, *, user: str = US, **fields: Any) -> Json:
    """The metadata of what answers an interaction, to be spread into a message."""
    metadata = {"id": interaction_id, "type": 2, "user": {"id": user}, **fields}
    return {"interaction_metadata": metadata}
