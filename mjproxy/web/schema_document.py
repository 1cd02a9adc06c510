"""The API schema and its page: built once in a process, then sent as bytes.

Both are the same for everybody, so all answers share the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerView

from mjproxy.lib.web.page import policy

_CACHING: Final = "public, no-cache"  # clients keep it, but ask whether it has changed
_KIND: Final = "application/vnd.oai.openapi+json"
_ENGLISH: Final = "en-us"  # other languages have no complete texts
_GZIP: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))")
# A CSRF token in the page would be shown to all callers: each has its own cookie.
_TOKEN: Final = re.compile(rb'(?<=request\.headers\["X-CSRFTOKEN"\] = )"\w*"')
_COOKIE: Final = f"document.cookie.match(/{settings.CSRF_COOKIE_NAME}=([0-9A-Za-z]+)/)"
_FROM_COOKIE: Final = f'({_COOKIE} || ["", ""])[1]'.encode()
_making = threading.Lock()  # several requests may come before it is built


@dataclass(frozen=True)
class Document:
    """Bytes with everything that an answer needs to send them."""

    plain: bytes
    small: bytes
    etag: str
    headers: dict[str, str]


def schema(request: HttpRequest) -> HttpResponse:
    with _making:
        document = _schema()
    return _answer(request, document)


def docs(request: HttpRequest) -> HttpResponse:
    with _making:
        document = _docs()
    return _answer(request, document)


@cache
def _schema() -> Document:
    generator: Any = SchemaGenerator  # it has no types
    with translation.override(_ENGLISH):
        tree = generator().get_schema(request=None, public=True)
        plain = orjson.dumps(tree, default=str)
    name = f"mjproxy-{settings.VERSION}.json"
    disposition = f'inline; filename="{name}"'
    return _document(plain, _KIND, {"Content-Disposition": disposition})


@cache
def _docs() -> Document:
    request = HttpRequest()
    request.method, request.path = "GET", "/api/docs"
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    with translation.override(_ENGLISH):
        response: Any = SpectacularSwaggerView.as_view(url_name="schema")(request)
        plain = _TOKEN.sub(_FROM_COOKIE, response.render().content)
    scripts = " ".join(map(_hash, re.findall(rb"<script>(.*?)</script>", plain, re.S)))
    own = policy(script=f"'self' {scripts}", style="'self' 'unsafe-inline'")
    kind = "text/html; charset=utf-8"
    return _document(plain, kind, {"Content-Security-Policy": own})


def _hash(script: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    return f"'sha256-{digest}'"


def _document(plain: bytes, kind: str, headers: dict[str, str]) -> Document:
    etag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'
    said = {"Content-Type": kind, "Cache-Control": _CACHING, "ETag": etag, **headers}
    return Document(plain, gzip.compress(plain, mtime=0), etag, said)


def _answer(request: HttpRequest, document: Document) -> HttpResponse:
    small = _GZIP.search(request.headers.get("Accept-Encoding", ""))
    body = document.small if small else document.plain
    response = HttpResponse(body, headers=document.headers)
    if small:
        response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(body))
    patch_vary_headers(response, ["Accept-Encoding"])
    found = get_conditional_response(request, etag=document.etag, response=response)
    return found if isinstance(found, HttpResponse) else response
