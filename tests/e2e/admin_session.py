"""An operator before the admin's forms, without a browser."""

from __future__ import annotations

import html
import re
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from tests.e2e.harness import Product


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({})
    )


class _Form(HTMLParser):
    """Values that a browser would send from a page's unchanged form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._inside = "", ""  # tag and name of what is open
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name") or "", said.get("value")
        box = said.get("type") in ("checkbox", "radio")
        if tag in ("select", "textarea"):
            self._inside = tag, name
        if tag == "textarea":
            self.fields.append((name, ""))
        elif tag == "option" and "selected" in said:
            self.fields.append((self._inside[1], value or ""))
        elif tag == "input" and name and (not box or "checked" in said):
            self.fields.append((name, value or ("on" if box else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside[0]:
            self._inside = "", ""

    def handle_data(self, data: str) -> None:
        if self._inside[0] == "textarea":
            self.fields[-1] = (self._inside[1], data.strip())


@dataclass
class AdminSession:
    """Signs in with the product's key, then reads pages and sends forms."""

    product: Product
    _opener: urllib.request.OpenerDirector = field(default_factory=_opener)

    def __post_init__(self) -> None:
        self.send("/admin/", {"key": self.product.api_key}, to="/sign-in")

    def page(self, path: str) -> str:
        return html.unescape(self._open(path, None))

    def change(self, path: str, **fields: str) -> str:
        """Change fields of the form at `path` and leave the others as they are."""
        form = _Form(self._open(path, None)).fields
        kept = [pair for pair in form if pair[0] not in fields]
        return self._open(path, [*kept, *fields.items()])

    def send(self, path: str, fields: dict[str, Any], *, to: str = "") -> str:
        """Send a form of the page at `path`; return the page that follows."""
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page(path))
        assert found, path
        return self._open(to or path, {"csrfmiddlewaretoken": found[1], **fields})

    def _open(self, path: str, fields: Any) -> str:
        url = f"{self.product.url}{path}"
        data = None if fields is None else urlencode(fields).encode()
        request = urllib.request.Request(url, data, {"Referer": url})  # noqa: S310
        with self._opener.open(request, timeout=30) as answer:
            text: str = answer.read().decode()
            return text
