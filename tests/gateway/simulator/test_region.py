"""Vary (Region): the editor's page, its masks and its result."""

import base64
import hashlib
import io
from typing import Any

import pytest
from PIL import Image

from gateway.simulator.discord.inpaint import PATHS
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.window_client import result, single

Json = dict[str, Any]
SIDE = 32  # of a single picture in these tests
PROMPT = "a red fox --v 7"


def mask(size: tuple[int, int] = (SIDE, SIDE), box: Any = (0, 0, 8, 16)) -> Image.Image:
    image = Image.new("L", size, 0)
    image.paste(255, box)
    return image


def encoded(image: Image.Image, form: str = "PNG") -> str:
    out = io.BytesIO()
    image.save(out, form, **({"lossless": True} if form == "WEBP" else {}))
    return base64.b64encode(out.getvalue()).decode()


async def editor(one: Client, source: Json) -> Json:
    """The page that opens after a click on Vary (Region)."""
    await one.click(source, button(source, "Vary (Region)"))
    nonce = one.last_nonce
    page = await one.event(
        "INTERACTION_IFRAME_MODAL_CREATE", lambda d: d["nonce"] == nonce
    )
    await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)
    return page


async def send(
    one: Client, page: Json, path: str = PATHS[0], **changes: Any
) -> tuple[int, Json]:
    token = page["custom_id"].removeprefix("MJ::iframe::")
    body = {"mask": encoded(mask()), "prompt": PROMPT, **changes}
    if "{token}" not in path:
        body = {"customId": token, "userId": "0", "username": "0", **body}
    url = one.url + path.format(token=token)
    async with one.http.post(url, json=body) as response:
        answer: Json = await response.json()
        return response.status, answer


async def last_job(one: Client) -> Json:
    job: Json = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"][-1]
    return job


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.asyncio
async def test_a_masked_region_is_varied(path: str, form: str) -> None:
    async with running() as simulator, client(simulator) as one:
        source = await single(one, PROMPT)
        page = await editor(one, source)
        status, body = await send(one, page, path, mask=encoded(mask(), form))
        start = await one.event("MESSAGE_CREATE", lambda d: "(Region)" in d["content"])
        final = await result(one, "Variations (Region) by")

        assert (status, body) == (200, {"success": True})
        assert page["title"] == "Inpaint"
        assert page["iframe_path"] == "inpaint/index.html"
        assert "nonce" not in start
        for message in (start, final):
            assert message["type"] == 19
            assert message["message_reference"]["message_id"] == source["id"]
            assert message["interaction_metadata"]["id"] == page["id"]
        job = await last_job(one)
        expected = hashlib.sha256(mask().tobytes()).hexdigest()
        assert job["mask_sha256"] == expected
        assert job["mask_white"] == 8 * 16 / SIDE**2
        assert (job["interaction_id"], job["nonce"]) == (page["id"], page["nonce"])
        names = [
            event["t"] for event in one.events if event["d"].get("id") == page["id"]
        ]
        assert names.count("INTERACTION_SUCCESS") == 1


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        (PROMPT, "Variations (Region) by"),
        ("a red fox --v 7.0", "Variations (Region) by"),
        ("", "Variations (Region) by"),
        (None, "Variations (Region) by"),
        ("a red scarf --v 7", "**a red scarf --v 7.0** - Remix (Region) by"),
    ],
)
@pytest.mark.asyncio
async def test_a_changed_prompt_makes_it_a_remix(prompt: str, text: str) -> None:
    async with running() as simulator, client(simulator) as one:
        page = await editor(one, await single(one, PROMPT))
        await send(one, page, prompt=prompt)
        await result(one, text)

        job = await last_job(one)
        assert job["prompt"] == (prompt if "scarf" in text else PROMPT)


def greys() -> Image.Image:
    image = mask()
    image.putpixel((20, 20), 128)
    return image


def red() -> Image.Image:
    return Image.merge("RGB", (mask(), Image.new("L", (SIDE, SIDE)), mask()))


def glass() -> Image.Image:
    image = mask().convert("RGBA")
    image.putalpha(200)
    return image


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (encoded(mask((SIDE, SIDE + 2))), "32x32"),
        (encoded(greys()), "greys"),
        (encoded(red()), "colours"),
        (encoded(glass()), "opaque"),
        (encoded(mask(box=(0, 0, 0, 0))), "no white area"),
        (encoded(mask(), "GIF"), "neither"),
        (encoded(mask())[:80], "neither"),
        ("data:image/png;base64," + encoded(mask()), "base64"),
        ("not base64", "base64"),
        ("", "neither"),
        (None, "neither"),
        ({"a": 1}, "base64"),
    ],
)
@pytest.mark.asyncio
async def test_a_bad_mask_is_refused_and_the_editor_stays_open(
    given: object, reason: str
) -> None:
    async with running() as simulator, client(simulator) as one:
        page = await editor(one, await single(one, PROMPT))
        status, body = await send(one, page, mask=given)
        again, _ = await send(one, page)

        assert status == 400
        assert reason in body["message"]
        assert again == 200


@pytest.mark.parametrize("prompt", [["a"], 7, "x" * 4001])
@pytest.mark.asyncio
async def test_a_prompt_is_a_text(prompt: object) -> None:
    async with running() as simulator, client(simulator) as one:
        page = await editor(one, await single(one, PROMPT))
        status, body = await send(one, page, prompt=prompt)

        assert status == 400
        assert "prompt" in body["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7"])
@pytest.mark.asyncio
async def test_the_editor_sends_json(raw: bytes) -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        one.http.post(one.url + PATHS[0], data=raw) as response,
    ):
        assert response.status == 400
        assert (await response.json())["message"]


@pytest.mark.asyncio
async def test_an_editor_works_once_and_not_for_ever() -> None:
    async with running() as simulator, client(simulator) as one:
        source = await single(one, PROMPT)
        page = await editor(one, source)
        first, _ = await send(one, page)
        second, body = await send(one, page)
        await one.sim("PATCH", "/knobs", {"iframe_ttl": 0})
        late, _ = await send(one, await editor(one, source))
        unknown, _ = await send(one, {"custom_id": "nobody"})
        prefixed, _ = await send(one, page, customId=page["custom_id"])

        assert first == 200
        assert second == late == unknown == prefixed == 404
        assert body["message"]


@pytest.mark.asyncio
async def test_a_failing_editor_needs_a_new_click() -> None:
    async with running() as simulator, client(simulator) as one:
        source = await single(one, PROMPT)
        page = await editor(one, source)
        await one.sim("PATCH", "/knobs", {"inpaint_status": 503})
        failed, body = await send(one, page)
        await one.sim("PATCH", "/knobs", {"inpaint_status": 0})
        again, _ = await send(one, page)
        fresh, _ = await send(one, await editor(one, source))

        assert (failed, again, fresh) == (503, 404, 200)
        assert body["message"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.asyncio
async def test_a_token_never_reaches_the_activity_host(path: str) -> None:
    async with running() as simulator, client(simulator) as one:
        headers = {"Authorization": one.spec.user_token}
        url = one.url + path.format(token="x")
        async with one.http.post(url, json={}, headers=headers) as response:
            assert response.status == 404
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        assert [v["kind"] for v in found] == ["authorization_sent"]


@pytest.mark.asyncio
async def test_a_rule_of_the_click_works_on_its_job() -> None:
    async with running() as simulator, client(simulator) as one:
        source = await single(one, PROMPT)
        rule = {"match": {"custom_id": "Inpaint"}, "effect": {"stop_at": 31}}
        await one.sim("POST", "/rules", rule)
        await send(one, await editor(one, source))
        await one.event("MESSAGE_UPDATE", lambda d: "(Stopped)" in d["content"])

        assert (await last_job(one))["state"] == "stopped"
