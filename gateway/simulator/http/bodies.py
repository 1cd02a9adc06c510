"""Read request bodies that may hold anything."""

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json
from gateway.simulator.http.answers import Refused


def parsed(raw: bytes | str) -> Json:
    """Return the JSON object in `raw`; raises Refused if there is none."""
    try:
        body = wire.load(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, 50109, "The request body contains invalid JSON.")
    return body


async def json_object(request: web.Request) -> Json:
    """Return the JSON object of a request; raises Refused if there is none."""
    return parsed(await request.read())


def objects(value: object) -> list[Json]:
    """Return the objects in a list; [] if `value` is no list."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
