from __future__ import annotations

from gateway.protocol import payloads
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.protocol.shapes import Command
from tests.gateway.wire import CHANNEL, GUILD, JOB

PLACE = payloads.Place(
    application_id=MIDJOURNEY_APP,
    channel_id=CHANNEL,
    session_id="5e55",
    guild_id=GUILD,
)
NONCE = "1311111111111111701"
IMAGINE: Command = {
    "id": "71",
    "version": "72",
    "name": "imagine",
    "type": 1,
    "application_id": MIDJOURNEY_APP,
}
ENVELOPE = {
    "application_id": MIDJOURNEY_APP,
    "channel_id": CHANNEL,
    "guild_id": GUILD,
    "session_id": "5e55",
    "nonce": NONCE,
}


def test_imagine_is_a_chat_command_with_one_option() -> None:
    assert payloads.imagine(PLACE, NONCE, IMAGINE, "a tin robot --v 7") == {
        **ENVELOPE,
        "type": 2,
        "analytics_location": "slash_ui",
        "data": {
            "version": "72",
            "id": "71",
            "name": "imagine",
            "type": 1,
            "options": [{"type": 3, "name": "prompt", "value": "a tin robot --v 7"}],
            "attachments": [],
        },
    }


def test_a_message_command_names_its_target() -> None:
    command = Command(
        id="81", version="82", name="Cancel Job", type=3, application_id=MIDJOURNEY_APP
    )

    body = payloads.message_command(PLACE, NONCE, command, "1234")

    assert body == {
        **ENVELOPE,
        "type": 2,
        "data": {
            "version": "82",
            "id": "81",
            "name": "Cancel Job",
            "type": 3,
            "options": [],
            "attachments": [],
            "target_id": "1234",
        },
    }


def test_a_button_is_pressed_on_its_message() -> None:
    custom_id = f"MJ::JOB::upsample::2::{JOB}"

    body = payloads.button(
        PLACE, NONCE, message_id="1234", flags=192, custom_id=custom_id
    )

    assert body == {
        **ENVELOPE,
        "type": 3,
        "message_id": "1234",
        "message_flags": 64,
        "data": {"component_type": 2, "custom_id": custom_id},
    }


def test_flags_other_than_ephemeral_are_not_sent() -> None:
    body = payloads.button(PLACE, NONCE, message_id="1", flags=128, custom_id="x")

    assert body["message_flags"] == 0


def test_a_direct_message_has_no_server() -> None:
    place = payloads.Place(MIDJOURNEY_APP, CHANNEL, "5e55")

    assert "guild_id" not in payloads.imagine(place, NONCE, IMAGINE, "x")
