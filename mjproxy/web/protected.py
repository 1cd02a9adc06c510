"""Protected: pages under the limits of requests; the API checks its callers itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import get_language

from accounts.exceptions import AccountsError, AddressBlocked, TooManyRequests
from accounts.people.callers import client_ip
from accounts.protection import gate
from mjproxy.lib.web.page import render_page

# Where anonymous addresses pass, and others are checked when their caller is known.
_ELSEWHERE: Final = ("/mj", "/api", "/healthz", "/readyz")


class Protected:
    """Middleware that refuses pages to addresses over a limit or blocked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith(_ELSEWHERE):
            try:
                gate.check(
                    path,
                    client_ip(request),
                    lambda: gate.is_trusted_user(request.user),
                )
            except (AddressBlocked, TooManyRequests) as exc:
                return _refusal(request, exc)
        return self.get_response(request)


def _refusal(request: HttpRequest, error: AccountsError) -> HttpResponse:
    is_chinese = (get_language() or "").startswith("zh")
    context = {
        "is_blocked": isinstance(error, AddressBlocked),
        "text": error.zh if is_chinese else error.en,
    }
    page = render_page(request, "accounts/protected.html", context, status=error.status)
    for name, value in error.headers.items():
        page[name] = value
    return page
