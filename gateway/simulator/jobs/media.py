"""Find the bytes behind links: attachments, results, short links, Midjourney's CDN."""

import asyncio
import hashlib
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import aiohttp

from gateway.simulator.base.constants import MJ_CDN_HOST, SHORT_HOST
from gateway.simulator.base.ids import signature
from gateway.simulator.jobs.grammar import code_of, links_in
from gateway.simulator.jobs.results import picture_of
from gateway.simulator.pixels import pictures, videos
from gateway.simulator.pixels.pictures import Picture
from gateway.simulator.state.core import Core
from gateway.simulator.state.jobs import Job

SMALL = 256 * 256  # pixels; drawing fewer is quicker than a thread
KEEP_LINKS = 50_000
PATIENCE = aiohttp.ClientTimeout(total=10)
_ATTACHMENT = re.compile(r"/(?:ephemeral-)?attachments/\d+/(?P<id>\d+)/[^/]+")
_TILE = re.compile(r"(?:video/)?(?P<uuid>[0-9a-f-]{36})/(?P<name>[\w.]+)")
_TILE_NAME = re.compile(r"0_(?P<tile>[0-3])\.(?P<form>png|webp|jpeg)")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Broken(LookupError):
    """The link leads to nothing."""


async def attachment(core: Core, attachment_id: str) -> bytes | None:
    """Return the bytes of an attachment; a job's picture is drawn now."""
    preview = core.previews.get(attachment_id)
    if preview is not None:
        uuid, progress = preview
        job = core.world.jobs.get(uuid)
        if job is None:
            return None
        picture = picture_of(job, core.config.picture_size)
        return await asyncio.to_thread(pictures.preview, picture, progress)
    job = core.world.jobs.get(core.results.get(attachment_id, ""))
    if job is not None:
        return await result(core, job)
    return core.files.attached(attachment_id)


async def result(core: Core, job: Job) -> bytes:
    """Return the bytes of a job's result."""
    picture = picture_of(job, core.config.picture_size)
    if job.kind.media == "video":
        return await asyncio.to_thread(videos.clip, picture, job.form, job.seconds)
    return await _drawn(picture)


async def tile(core: Core, uuid: str, name: str) -> bytes | None:
    """Return the file `name` of a job at Midjourney's CDN, or None."""
    job = core.world.jobs.get(uuid)
    if job is None or job.attachment_id is None:
        return None
    if job.kind.media == "video" or name.startswith("grid_0."):
        return await result(core, job)
    found = _TILE_NAME.fullmatch(name)
    picture = picture_of(job, core.config.picture_size)
    number = int(found["tile"]) if found else 0
    if found is None or number >= len(picture.tiles):
        return None
    if len(picture.tiles) > 1:
        half = (max(2, picture.width // 2), max(2, picture.height // 2))
        picture = replace(
            picture, width=half[0], height=half[1], tiles=(picture.tiles[number],)
        )
    data = await _drawn(picture)
    if found["form"] == "png":
        return data
    form = found["form"]
    return (await asyncio.to_thread(pictures.resized, data, form=form))[0]


async def _drawn(picture: Picture) -> bytes:
    if picture.width * picture.height <= SMALL:
        return pictures.png(picture)
    return await asyncio.to_thread(pictures.png, picture)


def alive(core: Core, path: str, query: dict[str, str]) -> bool:
    """Return whether a signed link is valid now.

    Every link is, unless the knob `link_enforce` is on.
    """
    if not core.knobs.link_enforce:
        return True
    expires, issued = query.get("ex", ""), query.get("is", "")
    try:
        fresh = int(expires, 16) > core.clock.now()
    except ValueError:
        return False
    return fresh and query.get("hm") == signature(path, expires, issued)


async def behind(core: Core, url: str) -> bytes | None:
    """Return the bytes behind a link, or None for a link to another machine.

    Raises Broken if a link to this simulator or this machine gives nothing.
    """
    parts = urlsplit(url)
    data: bytes | None = None
    if code := _below(core, url, SHORT_HOST):
        data = await short(core, code)
    elif (attachment_id := own_attachment(core, url)) is not None:
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if alive(core, parts.path, query):
            data = await attachment(core, attachment_id)
    elif place := _below(core, url, MJ_CDN_HOST):
        found = _TILE.fullmatch(place)
        data = await tile(core, found["uuid"], found["name"]) if found else None
    elif parts.hostname in _LOOPBACK:
        data = await _fetched(url)
    else:
        return None
    if data is None:
        raise Broken(url)
    return data


async def hashes(core: Core, prompt: str) -> list[str]:
    """Return SHA-256 of the linked pictures, without those on other machines.

    Raises Broken if a link gives no picture.
    """
    found = []
    for url in links_in(prompt):
        data = await behind(core, url)
        if data is None:
            continue
        if pictures.size_of(data) is None:
            raise Broken(url)
        found.append(hashlib.sha256(data).hexdigest())
    return found


async def short(core: Core, code: str) -> bytes | None:
    """Return the bytes behind a short link.

    Midjourney keeps a copy, so expired links count too.
    """
    url = core.links.get(code, "")
    attachment_id = own_attachment(core, url)
    if attachment_id is None:
        return None
    return await attachment(core, attachment_id)


def own_attachment(core: Core, url: str) -> str | None:
    """Return the id of this simulator's attachment behind `url`, or None."""
    if not url.startswith((f"{core.cdn()}/", f"{core.media()}/", f"{core.url}/")):
        return None
    found = _ATTACHMENT.fullmatch(urlsplit(url).path)
    return found["id"] if found else None


def remember(core: Core, prompt: str) -> None:
    """Record the prompt's links, so that their short links lead to them."""
    for url in links_in(prompt):
        core.links.setdefault(code_of(url), url)
    while len(core.links) > KEEP_LINKS:
        del core.links[next(iter(core.links))]


def _below(core: Core, url: str, host: str) -> str:
    """Return the path of `url` below `host`, or "".

    The host is also served below this simulator's own address.
    """
    name = host.removeprefix("https://")
    for base in (f"{host}/", f"{core.url}/{name}/"):
        if url.startswith(base):
            return urlsplit(url.removeprefix(base)).path
    return ""


async def _fetched(url: str) -> bytes | None:
    """Return the bytes from another server of this machine, or None."""
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as http,
            http.get(url) as response,
        ):
            if response.status != 200:
                return None
            return await response.read()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
