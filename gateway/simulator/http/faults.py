"""Apply HTTP rules: other answers, late answers, cut connections."""

import asyncio

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json


def refuses(effect: Json) -> bool:
    """Return whether the effect keeps the request from being carried out."""
    if "cut" in effect:
        return bool(effect["cut"] == "before")
    return "http" in effect and not effect.get("accept")


async def apply_fault(
    request: web.Request, effect: Json, response: web.StreamResponse
) -> web.StreamResponse:
    """Return the answer that the rule's effect makes of `response`."""
    if "http_delay" in effect:
        await asyncio.sleep(float(effect["http_delay"]))
    if "cut" in effect:
        if request.transport is not None:
            request.transport.abort()
        return response
    if "http" in effect:
        return _scripted(effect["http"])
    return response


def _scripted(script: Json) -> web.Response:
    body = script.get("body", {})
    text = isinstance(body, str)
    headers = {str(k): str(v) for k, v in script.get("headers", {}).items()}
    headers.setdefault("Content-Type", "text/html" if text else "application/json")
    return web.Response(
        status=int(script.get("status", 200)),
        body=body.encode() if text else wire.dump(body),
        headers=headers,
    )


def garbled(response: web.StreamResponse, form: str) -> web.StreamResponse:
    """Return an answer of 2xx with a lost, halved or replaced body."""
    if not form or not 200 <= response.status < 300:
        return response
    whole = response.body if isinstance(response, web.Response) else b""
    content = whole if isinstance(whole, bytes) and whole else b'{"id": "1", "a": []}'
    bodies = {"empty": b"", "half": content[: len(content) // 2 or 1]}
    kind = "text/html" if form == "html" else "application/json"
    return web.Response(body=bodies.get(form, _PAGE), content_type=kind)


_PAGE = b"<!doctype html><title>502</title>"
