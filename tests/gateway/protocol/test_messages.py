from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from gateway.protocol import messages
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from tests.gateway import wire
from tests.gateway.protocol.strategies import MESSAGES
from tests.gateway.wire import JOB, OTHER_JOB

ID = "1311111111111111601"


def test_it_reads_a_final_grid() -> None:
    message = messages.read(wire.final(ID, **wire.answers("31")))

    assert message.id == ID
    assert message.channel_id == wire.CHANNEL
    assert message.is_bot
    assert message.is_result
    assert message.job_id == JOB
    assert message.interaction_ids == ("31",)
    assert message.attachment is not None
    assert message.attachment.content_type == "image/png"
    assert (message.attachment.width, message.attachment.height) == (2048, 2048)
    assert [b["label"] for b in message.buttons][:2] == ["U1", "U2"]
    assert len(message.buttons) == 8


@pytest.mark.parametrize("number", [2**31, -1, 2**63, 1e300, True, "8", None])
def test_a_number_that_no_database_holds_is_none(number: Any) -> None:
    data = wire.final(ID, **wire.answers("31")) | {"flags": number}
    data["attachments"][0] |= {"width": number, "height": number}

    message = messages.read(data)

    assert message.flags == 0
    assert message.attachment is not None
    assert (message.attachment.width, message.attachment.height) == (None, None)


def test_an_empty_object_is_an_empty_message() -> None:
    message = messages.read({})

    assert (message.id, message.channel_id, message.nonce) == ("", "", "")
    assert not message.is_bot
    assert not message.is_result
    assert message.interaction_ids == ()
    assert message.content is None


@pytest.mark.parametrize(
    ("author", "is_bot"),
    [
        ({"id": MIDJOURNEY_APP}, True),
        ({"id": NIJI_APP, "username": "niji"}, True),
        ({"id": "5", "username": "niji・journey Bot", "bot": True}, True),
        ({"id": "5", "username": "Midjourney Bot"}, False),
        ({"id": "5", "username": "somebody"}, False),
        ({"id": int(MIDJOURNEY_APP)}, True),
        (None, False),
        ("Midjourney Bot", False),
    ],
)
def test_it_knows_the_bots(author: Any, is_bot: bool) -> None:
    assert messages.read({"author": author}).is_bot is is_bot


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"interaction": {"id": "1"}}, ("1",)),
        ({"interaction_metadata": {"id": "2"}}, ("2",)),
        (
            {
                "interaction_metadata": {
                    "id": "3",
                    "triggering_interaction_metadata": {"id": "4"},
                }
            },
            ("3", "4"),
        ),
        ({"interaction": {"id": "5"}, "interaction_metadata": {"id": "5"}}, ("5",)),
        ({"interaction": {"id": 6}, "interaction_metadata": {"id": "7"}}, ("6", "7")),
        ({"interaction": {"id": None}, "interaction_metadata": []}, ()),
    ],
)
def test_it_finds_the_interaction_in_each_of_its_places(
    fields: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert messages.read(fields).interaction_ids == found


@pytest.mark.parametrize(
    "metadata",
    [
        {"original_response_message_id": "88"},
        {"triggering_interaction_metadata": {"original_response_message_id": "88"}},
    ],
)
def test_it_finds_the_original_response(metadata: dict[str, Any]) -> None:
    assert messages.read({"interaction_metadata": metadata}).original_id == "88"


def test_it_finds_what_is_replied_to() -> None:
    message = messages.read(wire.message(ID, **wire.reply_to("99")))

    assert message.is_reply
    assert message.reference_id == "99"


@pytest.mark.parametrize(
    ("fields", "job"),
    [
        ({"components": wire.rows(wire.cancel(JOB))}, JOB),
        ({"components": wire.rows(wire.cancel(JOB.upper()))}, JOB),
        ({"attachments": [wire.picture(f"{JOB}_grid_0.webp")]}, JOB),
        ({"attachments": [wire.picture(f"x_{OTHER_JOB}_{JOB}.png")]}, JOB),
        ({"attachments": [wire.picture("grid_0.webp")]}, ""),
        ({"attachments": [{"url": f"https://a.test/{JOB}/grid_0.webp"}]}, ""),
        ({"attachments": [{"url": f"https://a.test/grid_0.webp?job={JOB}"}]}, ""),
        (
            {
                "components": wire.rows(
                    {"type": 2, "style": 5, "url": f"https://a.test/jobs/{JOB}"}
                )
            },
            JOB,
        ),
        (
            {
                "components": wire.rows(
                    {"type": 2, "style": 5, "url": f"https://a.test/jobs/{OTHER_JOB}"},
                    wire.cancel(JOB),
                )
            },
            JOB,
        ),
        (
            {
                "attachments": [wire.picture(f"robot_{OTHER_JOB}.png")],
                "components": wire.grid_buttons(JOB),
            },
            JOB,
        ),
        ({"content": f"look at {JOB}"}, ""),
    ],
)
def test_it_finds_the_jobs_uuid_best_source_first(
    fields: dict[str, Any], job: str
) -> None:
    assert messages.read(fields).job_id == job


def test_a_picture_alone_is_no_result() -> None:
    assert not messages.read({"attachments": [wire.picture("a.png")]}).is_result


def test_final_words_without_a_picture_are_no_result() -> None:
    assert not messages.read(wire.final(ID, attachments=[])).is_result


def test_a_preview_is_no_result() -> None:
    assert not messages.read(wire.progress(ID, 62, job=JOB)).is_result


def test_text_may_stand_in_components() -> None:
    text = {"type": 10, "content": f"**robot** - <@{wire.US}> (12%) (fast)"}
    inside = [{"type": 17, "components": [text]}]

    message = messages.read(wire.message(ID, components=inside))

    assert message.content is not None
    assert message.content.percent == 12


def test_buttons_are_found_inside_of_containers() -> None:
    nested = [{"type": 17, "components": wire.grid_buttons(JOB)}]

    assert len(messages.read({"components": nested}).buttons) == 8


def test_clients_see_no_link_button() -> None:
    link = {"type": 2, "style": 5, "label": "Web", "url": "https://a.test"}
    odd = {"type": 2, "style": None, "custom_id": "MJ::x", "emoji": {"name": "🔄"}}
    message = messages.read({"components": wire.rows(link, odd, {"type": 2})})

    assert messages.client_buttons(message) == [
        {"customId": "MJ::x", "emoji": "🔄", "label": "", "style": 2, "type": 2}
    ]


def test_an_address_that_cannot_be_split_names_no_job() -> None:
    message = messages.read({"attachments": [{"url": "http://[broken"}]})

    assert message.job_id == ""


def test_an_address_that_is_no_text_is_no_attachment() -> None:
    assert messages.read({"attachments": [{"url": 5}]}).attachment is None


@given(MESSAGES)
def test_no_object_is_too_odd(data: dict[str, Any]) -> None:
    message = messages.read(data)

    assert all(isinstance(i, str) for i in (message.id, message.nonce, message.job_id))
    assert isinstance(messages.client_buttons(message), list)


def test_text_that_no_database_takes_is_mended() -> None:
    message = messages.read({"id": "7", "content": "a\0b\ud800c", "nonce": "\0"})

    assert (message.text, message.nonce) == ("abc", "")


def test_a_nest_of_components_is_not_followed_for_ever() -> None:
    tree: list[Any] = [{"type": 2, "custom_id": "deep"}]
    for _ in range(5000):
        tree = [{"type": 1, "components": tree}]

    assert messages.read({"id": "7", "components": tree}).buttons == ()
