"""Middleware that runs before Django resolves the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponseBase

_SLASHES: Final = re.compile(r"/{2,}")
_PLAIN: Final = re.compile(r"/mj(?:-(?:fast|relax|turbo)/mj)?(?:/(?!mj)[a-z0-9-]+)+")
# A base address may already end in /mj, and the client may add another one.
_API: Final = re.compile(
    r"/(?P<outer>mj(?:/|$))*(?:mj-(?P<mode>fast|relax|turbo)(?:/|$))?"
    r"(?P<inner>mj(?:/|$))*(?P<rest>.*)"
)
_WITHOUT_PREFIX: Final = ("submit/", "task/", "insight-face/")


def canonical(path: str) -> str:
    """Return the one spelling of an API address; others come back unchanged."""
    if _PLAIN.fullmatch(path):
        return path
    tidy = _SLASHES.sub("/", path)
    match = _API.fullmatch(tidy.lower().rstrip("/"))
    if match is None:
        return path
    mode, rest = match["mode"], match["rest"]
    if not (mode or match["outer"] or rest.startswith(_WITHOUT_PREFIX)):
        return path
    return f"/mj-{mode}/mj/{rest}" if mode else f"/mj/{rest}"


class CanonicalPath:
    """Accepts doubled slashes, capitals, and a doubled or missing /mj."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = canonical(request.path_info)
        if path != request.path_info:
            request.path = request.path_info = path
        return self.get_response(request)


class EchoingCors(CorsMiddleware):
    """CORS that allows all headers that a browser asks to send.

    Clients add headers of their own. Cookies never count across origins, so their names
    protect nothing.
    """

    def add_response_headers(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        super().add_response_headers(request, response)
        asked = request.headers.get("access-control-request-headers")
        if asked and "access-control-allow-headers" in response:
            response["access-control-allow-headers"] = asked
        return response
