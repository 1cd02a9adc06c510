"""Request bodies, read without trust."""

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json
from gateway.simulator.http.answers import Refused


def parsed(raw: bytes | str) -> Json:
    """The JSON object in `raw`; raises Refused on anything else."""
    try:
        body = wire.load(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, 50109, "The request body contains invalid JSON.")
    return body


async def json_object(request: web.Request) -> Json:
    """The JSON object that a request carries; raises Refused on anything else."""
    return parsed(await request.read())


def objects(value: object) -> list[Json]:
    """The objects in a list, [] for anything that is no list of objects."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
