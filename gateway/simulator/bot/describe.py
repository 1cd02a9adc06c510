"""`/describe`: write four prompts for a picture, and handle the buttons below."""

import asyncio
import hashlib
import re
from dataclasses import replace
from math import gcd
from urllib.parse import urlsplit

from gateway.simulator.base.wire import Json
from gateway.simulator.jobs import media
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.results import place_ephemeral
from gateway.simulator.pixels import pictures
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.shapes import button, rows

DIGITS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣")
_ARTISTS = "https://www.midjourney.com/search?q="
_LOOKS = (
    ("quiet", "bright", "stormy", "golden", "misty", "frosty", "dusty", "velvet"),
    ("morning light", "moonlight", "neon glow", "candle light", "noon sun", "dusk"),
    ("telephoto", "wide angle", "macro", "seen from above", "low angle", "portrait"),
    ("oil on canvas", "watercolour", "film grain", "woodcut", "pastel", "ink wash"),
)


async def describe(tools: Tools, ix: Interaction) -> None:
    """Describe the attached or the linked picture."""
    link = ix.option("link")
    if bool(ix.files) == bool(link):
        await tools.replies.notice(ix, NOTICES["invalid_request"])
        return
    try:
        image, data = await (_linked(tools, link) if link else _attached(tools, ix))
    except media.Broken:
        await tools.replies.notice(ix, NOTICES["invalid_link"])
        return
    digest = hashlib.sha256(data).hexdigest() if data is not None else None
    name = urlsplit(image["url"]).path.rsplit("/", 1)[-1]
    job = _begin(tools, ix, image, filename=name, picture_sha256=digest)
    message = tools.replies.deferred(ix, job)
    await tools.lifecycle.fill(ix, job, message, **_card(ix, job, image))


async def retry(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Write other texts for the same picture, in the same message."""
    before = described(tools, ix)
    if before is None or ix.message is None:
        tools.replies.failure(ix)
        return
    image = ix.message.data["embeds"][0]["image"]
    job = _begin(
        tools,
        ix,
        image,
        filename=before.filename,
        picture_sha256=before.picture_sha256,
        parent_job=before.uuid,
        index=before.index + 1,
    )
    tools.replies.success(ix)
    await tools.lifecycle.fill(ix, job, ix.message, **_card(ix, job, image))


async def imagine_all(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Draw all four texts; only the first job answers the click itself."""
    job = described(tools, ix)
    if job is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    each = [replace(ix, follow_up=n > 0, effects=dict(ix.effects)) for n in range(4)]
    await asyncio.gather(
        *(
            tools.draw(own, "imagine", text, parent_job=job.uuid, index=number)
            for number, (own, text) in enumerate(zip(each, job.texts, strict=True), 1)
        )
    )


async def imagine_one(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Draw one text, with the changes made in the window."""
    job = described(tools, ix)
    if job is None:
        tools.replies.failure(ix)
        return
    index = int(found["index"])
    text = job.texts[index - 1] if ix.written is None else ix.written
    tools.press(ix)
    await tools.draw(ix, "imagine", text, parent_job=job.uuid, index=index)


def described(tools: Tools, ix: Interaction) -> Job | None:
    """Return the describe job whose message was clicked, or None."""
    job = tools.job_of(ix.message.id) if ix.message is not None else None
    return job if job is not None and job.kind.name == "describe" else None


async def _linked(tools: Tools, link: str) -> tuple[Json, bytes | None]:
    data = await media.behind(tools.core, link)
    return _image(link, link, data), data


async def _attached(tools: Tools, ix: Interaction) -> tuple[Json, bytes | None]:
    core, upload = tools.core, ix.files["image"]
    data = upload.data or b""
    if pictures.size_of(data) is None:
        raise media.Broken(upload.filename)
    place = place_ephemeral(core, str(ix.data["id"]), data, upload.filename)
    return _image(place["url"], place["proxy_url"], data), data


def _image(url: str, proxy_url: str, data: bytes | None) -> Json:
    """Return the embed's image; raises Broken if the bytes are no picture."""
    image: Json = {"url": url, "proxy_url": proxy_url}
    if data is None:
        return image
    size = pictures.size_of(data)
    if size is None:
        raise media.Broken(url)
    image["width"], image["height"] = size
    return image


def _begin(
    tools: Tools,
    ix: Interaction,
    image: Json,
    *,
    filename: str | None,
    picture_sha256: str | None,
    parent_job: str | None = None,
    index: int = 0,
) -> Job:
    """Begin a job whose texts follow from name and bytes.

    `index` counts the retries.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", " ", (filename or "").rsplit(".", 1)[0]).strip()
    width, height = image.get("width", 1), image.get("height", 1)
    part = gcd(width, height)
    shape = f"--ar {width // part}:{height // part}"
    seed = f"{picture_sha256 or image['url']}/{filename}/{index}"
    return tools.begin(
        ix,
        "describe",
        "",
        echoed="",
        ratio=width / height,
        filename=filename,
        picture_url=image["url"],
        picture_sha256=picture_sha256,
        inputs=[picture_sha256] if picture_sha256 else [],
        texts=[_text(f"{seed}/{n}", stem, shape) for n in range(4)],
        parent_job=parent_job,
        index=index,
    )


def _text(seed: str, stem: str, shape: str) -> str:
    digest = hashlib.sha256(seed.encode()).digest()
    looks = [words[digest[n] % len(words)] for n, words in enumerate(_LOOKS)]
    number = int.from_bytes(digest[4:6])
    return (
        f"{looks[0]} {stem or 'picture'}, {', '.join(looks[1:])}, no {number} {shape}"
    )


def _card(ix: Interaction, job: Job, image: Json) -> Json:
    """Return the embed and the buttons of the answer."""
    lines = [f"{DIGITS[n]} {text}" for n, text in enumerate(job.texts)]
    if ix.knobs.describe_links:
        lines = [re.sub(r"(\w+ light)", rf"[\1]({_ARTISTS}light)", s) for s in lines]
    numbers = [
        button(f"MJ::Job::PicReader::{n}", emoji=DIGITS[n - 1]) for n in range(1, 5)
    ]
    again = button("MJ::Picread::Retry", emoji="🔄")
    every = button("MJ::Job::PicReader::all", "Imagine all", emoji="🎉")
    embed = {"type": "rich", "description": "\n\n".join(lines), "image": image}
    return {"embeds": [embed], "components": rows([*numbers, again], [every])}
