"""Opening and submitting windows with the raw client."""

from typing import Any

from tests.gateway.simulator.client import Client, button

Json = dict[str, Any]


async def grid(one: Client, prompt: str = "a red fox --v 7") -> Json:
    await one.imagine(prompt)
    return await one.final()


async def single(one: Client, prompt: str = "a red fox --v 7") -> Json:
    """The message of the second picture of a new grid."""
    parent = await grid(one, prompt)
    await one.click(parent, button(parent, "U2"))
    return await one.final("Image #2")


async def opened(one: Client, message: Json, label: str) -> Json:
    """The window that opens after a click on this button."""
    status, _ = await one.click(message, button(message, label))
    assert status == 204
    nonce = one.last_nonce
    return await one.event("INTERACTION_MODAL_CREATE", lambda d: d["nonce"] == nonce)


def answer(window: Json, text: str) -> Json:
    """The data of a submit with this text, of the same shape as the window."""
    wrapper = window["components"][0]
    field = wrapper.get("component") or wrapper["components"][0]
    value = {"type": 4, "custom_id": field["custom_id"], "value": text}
    in_label = wrapper["type"] == 18
    inner: Json = {"component": value} if in_label else {"components": [value]}
    return {
        "id": window["id"],
        "custom_id": window["custom_id"],
        "components": [{"type": wrapper["type"], **inner}],
    }


def field(window: Json) -> Json:
    """The text input of a window in an action row."""
    found: Json = window["components"][0]["components"][0]
    return found


async def submit(one: Client, window: Json, text: str) -> tuple[int, Json]:
    return await one.interact(5, answer(window, text))


async def result(one: Client, text: str, *others: Json) -> Json:
    """The first result with this text that is none of the others."""
    known = {message["id"] for message in others}
    return await one.event(
        "MESSAGE_CREATE",
        lambda d: bool(
            d["attachments"] and text in d["content"] and d["id"] not in known
        ),
    )
