"""Uploading pictures and using commands with the raw client."""

import hashlib
import io
from typing import Any

import aiohttp
from PIL import Image

from gateway.simulator.base.constants import MIDJOURNEY
from gateway.simulator.bot.catalogue import COMMANDS
from tests.gateway.simulator.client import Client

Json = dict[str, Any]
STRING, ATTACHMENT = 3, 11


def png(colour: str = "red", size: tuple[int, int] = (8, 4)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def announce(one: Client, *files: Json) -> tuple[int, Json]:
    path = f"/channels/{one.spec.channel_id}/attachments"
    return await one.call("POST", path, {"files": list(files)})


async def upload(one: Client, data: bytes, name: str = "fox.png") -> Json:
    """A finished upload, as requests refer to it."""
    file = {"filename": name, "file_size": len(data), "id": "0"}
    status, body = await announce(one, file)
    assert status == 200
    place = body["attachments"][0]
    async with one.http.put(place["upload_url"], data=data) as response:
        assert response.status == 200
    return {"filename": name, "uploaded_filename": place["upload_filename"]}


async def command(
    one: Client,
    name: str,
    *options: Json,
    files: dict[str, Json] | None = None,
    app: str = MIDJOURNEY,
    **extra: Any,
) -> tuple[int, Json]:
    """Use a command; `files` are uploads by the name of their option."""
    found = next(c for c in COMMANDS if (c.name, c.application_id) == (name, app))
    given = list((files or {}).items())
    attached = [
        {"type": ATTACHMENT, "name": option, "value": number}
        for number, (option, _) in enumerate(given)
    ]
    data = {
        "id": found.id,
        "version": found.version,
        "name": name,
        "type": found.type,
        "options": [*attached, *options],
        "attachments": [
            {"id": str(number), **file} for number, (_, file) in enumerate(given)
        ],
    }
    return await one.interact(2, data, application_id=app, **extra)


def text(name: str, value: str) -> Json:
    """A string option."""
    return {"type": STRING, "name": name, "value": value}


async def answered(one: Client) -> Json:
    """The filled answer to the last interaction."""
    nonce = one.last_nonce
    empty = await one.event("MESSAGE_CREATE", lambda d: d.get("nonce") == nonce)
    return await one.event(
        "MESSAGE_UPDATE", lambda d: d["id"] == empty["id"] and bool(d["embeds"])
    )


async def jobs(one: Client) -> list[Json]:
    """The ledger's jobs, hashed."""
    found: list[Json] = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
    return found


async def bytes_of(one: Client, url: str) -> bytes:
    async with one.http.get(url) as response:
        assert response.status == 200
        return await response.read()


async def status_of(one: Client, url: str) -> int:
    async with one.http.get(url, allow_redirects=False) as response:
        return response.status


async def put(one: Client, url: str, data: bytes) -> int:
    async with aiohttp.ClientSession() as http, http.put(url, data=data) as response:
        return response.status
