"""Rendering of the product's pages: one frame, one content security policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mjproxy.lib.port import Port


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    status: int = 200,
) -> HttpResponse:
    """Render a page that loads only our own scripts, styles and pictures."""
    context = {"version": settings.VERSION, **context}
    response = render(request, template, context, status=status)
    response["Content-Security-Policy"] = page_policy(request)
    response["Cache-Control"] = "no-store"
    return response


def page_policy(request: HttpRequest) -> str:
    # In older browsers 'self' does not include WebSockets of the same host.
    try:
        host = request.get_host()
    except DisallowedHost:
        host = ""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return policy(connect=f"'self'{sockets}", pictures=picture_origins()())


def admin_policy() -> str:
    """Return the policy of the theme, which evaluates scripts in attributes."""
    return policy(
        script="'self' 'unsafe-inline' 'unsafe-eval'",
        style="'self' 'unsafe-inline'",
        pictures=picture_origins()(),
    )


def policy(
    *,
    script: str = "'self'",
    style: str = "'self'",
    connect: str = "'self'",
    pictures: str = "",
) -> str:
    """Return a content security policy without other hosts, frames and plugins.

    `pictures` are other origins of pictures and videos.
    """
    seen = f"'self' {pictures}".strip()
    return (
        f"default-src 'self'; script-src {script}; style-src {style}; "
        f"img-src {seen} data:; media-src {seen}; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors 'none'; connect-src {connect}"
    )


class PictureOrigins(Protocol):
    """The other origins that pictures of this server are redirected to."""

    def __call__(self) -> str:
        """Return them as a content security policy has them. Called for every page."""


def _none() -> str:
    return ""


picture_origins: Final[Port[PictureOrigins]] = Port(_none)
