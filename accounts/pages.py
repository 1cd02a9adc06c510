"""How the pages of this product are answered: one frame, one content policy."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page that loads nothing but our own scripts, styles and pictures."""
    context = {"version": settings.VERSION, **context}
    response = render(request, template, context, status=status)
    response["Content-Security-Policy"] = _policy(request)
    response["Cache-Control"] = "no-store"
    return response


def _policy(request: HttpRequest) -> str:
    # Older browsers do not take 'self' for WebSockets of the same host.
    try:
        host = request.get_host()
    except DisallowedHost:
        host = ""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        f"connect-src 'self'{sockets}"
    )
