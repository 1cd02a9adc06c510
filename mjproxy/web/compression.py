"""Compression of answers: pages, and lists whose views ask for it.

The length of a compressed answer reveals some of its content to an attacker who can add
text to it (BREACH). So answers with secrets are not compressed: answers to a POST,
pages with messages (a new key is shown in one) and answers with `no-transform`. Django
masks form tokens, and its compression adds some random bytes.
"""

from __future__ import annotations

from typing import Final

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_KINDS: Final = ("text/html", "text/javascript")  # the admin has words in a script


class CompressedPages(GZipMiddleware):
    """Compresses pages without a secret, for browsers that accept it."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if isinstance(response, HttpResponse) and _may_shrink(request, response):
            return super().process_response(request, response)
        return response


def _may_shrink(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.get("Content-Type", "").startswith(_KINDS)
        and "no-transform" not in response.get("Cache-Control", "")
        and not _tells_news(request)
    )


def _tells_news(request: HttpRequest) -> bool:
    messages = get_messages(request)
    return bool(getattr(messages, "used", False) and len(messages))
