"""Default response headers: caching, and what a browser may do with the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from mjproxy.lib.web.page import admin_policy, page_policy

_PAGE: Final = "text/html"
_API: Final = ("/mj", "/healthz", "/readyz")
_THEMED: Final = ("/admin/", "/accounts/")
_KEYS: Final = ("mj-api-secret", "Authorization", "Cookie")
_NOT_NEEDED: Final = ("camera", "microphone", "geolocation", "payment", "usb", "midi")
PERMISSIONS: Final = ", ".join(f"{name}=()" for name in _NOT_NEEDED)
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


class AnswerHeaders:
    """Adds headers that an answer does not set. Pictures and documents set all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_api = request.path_info.startswith(_API)
        is_page = not is_api and response.get("Content-Type", "").startswith(_PAGE)
        if is_api:
            response["Cache-Control"] = _uncached(response)
            patch_vary_headers(response, _KEYS)
        elif is_page:
            response.setdefault("Cache-Control", "no-store")
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = _policy(request, is_page=is_page)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response


def _uncached(response: HttpResponseBase) -> str:
    said = response.get("Cache-Control", "")
    return said if "no-store" in said else "no-store"


def _policy(request: HttpRequest, *, is_page: bool) -> str:
    if not is_page:
        return DATA_POLICY
    themed = request.path_info.startswith(_THEMED)
    return admin_policy() if themed else page_policy(request)
