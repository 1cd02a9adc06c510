"""The CDN, the media host, short links and Midjourney's own CDN."""

import io
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import bytes_of, jobs, status_of, upload

Json = dict[str, Any]


def picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.convert("RGB")


async def drawn(one: Client, prompt: str = "a red fox") -> tuple[Json, str]:
    await one.imagine(prompt)
    message = await one.final()
    return message, (await jobs(one))[0]["uuid"]


@pytest.mark.parametrize(
    ("query", "size", "form"),
    [
        ("width=32&height=16&format=webp", (32, 16), "WEBP"),
        ("width=32", (32, 32), "PNG"),
        ("height=8&format=jpg", (8, 8), "JPEG"),
    ],
)
@pytest.mark.asyncio
async def test_the_media_host_resizes(
    query: str, size: tuple[int, int], form: str
) -> None:
    async with running() as simulator, client(simulator) as one:
        message, _ = await drawn(one)

        data = await bytes_of(one, message["attachments"][0]["proxy_url"] + query)

        with Image.open(io.BytesIO(data)) as image:
            assert (image.size, image.format) == (size, form)


@pytest.mark.asyncio
async def test_what_cannot_be_resized_is_refused() -> None:
    async with running() as simulator, client(simulator) as one:
        message, _ = await drawn(one)
        url = message["attachments"][0]["proxy_url"]
        file = await upload(one, b"words", "words.txt")
        path = f"/channels/{one.spec.channel_id}/messages"
        _, text = await one.call("POST", path, {"attachments": [{"id": 0, **file}]})

        assert await status_of(one, f"{url}format=tiff") == 415
        assert await status_of(one, f"{text['attachments'][0]['url']}width=8") == 415
        assert await bytes_of(one, text["attachments"][0]["url"]) == b"words"


@pytest.mark.asyncio
async def test_links_expire_and_can_be_refreshed() -> None:
    knobs = {"link_ttl": -1, "link_enforce": True}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        message, _ = await drawn(one)
        url = message["attachments"][0]["url"]
        dead = await status_of(one, url)
        await one.sim("PATCH", "/knobs", {"link_ttl": 60})

        body = {"attachment_urls": [url]}
        _, found = await one.call("POST", "/attachments/refresh-urls", body)

        (entry,) = found["refreshed_urls"]
        assert dead == 404
        assert entry["original"] == url
        assert await status_of(one, entry["refreshed"]) == 200
        assert await status_of(one, entry["refreshed"].replace("hm=", "hm=0")) == 404


@pytest.mark.parametrize(
    "urls", [[], ["https://example.invalid/a.png"], ["x"] * 51, "x", None]
)
@pytest.mark.asyncio
async def test_only_attachments_can_be_refreshed(urls: Any) -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"attachment_urls": urls}

        status, answer = await one.call("POST", "/attachments/refresh-urls", body)

        assert (status, answer["code"]) == (400, 50035)


@pytest.mark.asyncio
async def test_midjourneys_cdn_has_the_tiles_of_a_grid() -> None:
    async with running(picture_size=256) as simulator, client(simulator) as one:
        message, uuid = await drawn(one)
        base = f"{one.url}/cdn.midjourney.com/{uuid}"

        whole = picture(await bytes_of(one, message["attachments"][0]["url"]))
        tile = picture(await bytes_of(one, f"{base}/0_1.png"))

        difference = ImageChops.difference(whole.crop((128, 0, 256, 128)), tile)
        assert difference.convert("L").histogram()[0] > 128 * 128 * 0.98
        assert (await bytes_of(one, f"{base}/0_3.webp")).startswith(b"RIFF")
        assert picture(await bytes_of(one, f"{base}/grid_0.png")).size == (256, 256)
        for name in ("0_4.png", "0_0.exe", "nothing"):
            assert await status_of(one, f"{base}/{name}") == 404


@pytest.mark.asyncio
async def test_a_single_picture_has_one_tile() -> None:
    async with running() as simulator, client(simulator) as one:
        message, _ = await drawn(one)
        await one.click(message, button(message, "U4"))
        await one.final("Image #4")
        uuid = (await jobs(one))[1]["uuid"]

        base = f"{one.url}/cdn.midjourney.com/{uuid}"

        assert await status_of(one, f"{base}/0_0.png") == 200
        assert await status_of(one, f"{base}/0_1.png") == 404


@pytest.mark.asyncio
async def test_midjourneys_cdn_may_turn_everybody_away() -> None:
    knobs = {"mj_cdn_forbids": True}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        _, uuid = await drawn(one)

        url = f"{one.url}/cdn.midjourney.com/{uuid}/0_0.png"

        assert await status_of(one, url) == 403


@pytest.mark.asyncio
async def test_attachments_may_be_called_anything() -> None:
    knobs = {"cdn_type": "binary/octet-stream"}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        message, _ = await drawn(one)

        async with one.http.get(message["attachments"][0]["url"]) as answer:
            assert answer.content_type == "binary/octet-stream"


@pytest.mark.asyncio
async def test_short_links_show_own_pictures_and_lead_to_others() -> None:
    async with running() as simulator, client(simulator) as one:
        message, _ = await drawn(one)
        url = message["attachments"][0]["url"]
        await one.imagine(f"{url} https://example.invalid/b.png at night")
        final = await one.final("at night")
        first, second = (
            word.strip("*<>").replace("https:/", one.url)
            for word in final["content"].split()[:2]
        )

        async with one.http.get(second, allow_redirects=False) as response:
            leads = response.headers["Location"]

        assert await bytes_of(one, first) == await bytes_of(one, url)
        assert leads == "https://example.invalid/b.png"
        assert await status_of(one, f"{one.url}/s.mj.run/unheard") == 404


@pytest.mark.asyncio
async def test_a_link_to_this_machine_is_fetched() -> None:
    async with (
        running() as simulator,
        running() as other,
        client(simulator) as one,
        client(other) as two,
    ):
        message, _ = await drawn(two)
        good = message["attachments"][0]["url"]

        await one.imagine(f"{good} by day")
        await one.final("by day")
        await one.imagine(f"{two.url}/attachments/1/2/gone.png by night")
        told = await one.event("MESSAGE_UPDATE", lambda d: bool(d["embeds"]))

        (drawn_there,), (drawn_here,) = await jobs(two), await jobs(one)
        assert drawn_here["inputs"] == [drawn_there["picture_sha256"]]
        assert told["embeds"][0]["title"] == "Invalid link"


@pytest.mark.asyncio
async def test_no_token_is_sent_to_any_picture_host() -> None:
    async with running() as simulator, client(simulator) as one:
        headers = {"Authorization": one.spec.user_token}
        for path in ("/s.mj.run/x", "/cdn.midjourney.com/x/y", "/attachments/1/2/z"):
            async with one.http.get(f"{one.url}{path}", headers=headers) as response:
                assert response.status == 404

        kinds = [violation["kind"] for violation in simulator.core.ledger.violations]

        assert kinds == ["authorization_sent"] * 3
