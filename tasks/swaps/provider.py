"""Calls to the provider of face swaps: Replicate's HTTP API, or a compatible one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.last_answers import Service, note
from mjproxy.lib.safe_http.client import (
    Unfetchable,
    check_url,
    open_session,
    read_capped,
    reason_of,
)
from mjproxy.lib.validators.addresses import WrongAddress, joined, parts_of
from tasks.swaps import predictions
from tasks.swaps.predictions import Prediction

TIMEOUT: Final = 20.0  # seconds for an answer
UPLOAD_TIMEOUT: Final = 120.0  # seconds for an upload
MOST_BYTES: Final = 4 << 20  # of an answer
MOST_PAGES: Final = 5  # of the list of predictions; each has about a hundred
CLOCKS_DIFFER: Final = timedelta(minutes=10)
_LONGEST_PAUSE: Final = 3600.0
# Statuses that say that this request was not taken, and never will be.
_TEXTS: Final = {
    401: ("服务商令牌无效", "the face swap service does not accept its token"),
    402: ("服务商余额不足", "the face swap service's account has no credit left"),
    403: ("服务商拒绝访问", "the face swap service refused access"),
    404: ("服务商无此模型", "the face swap service does not know the model or work"),
    413: ("文件过大", "the face swap service finds the file too large"),
    422: ("服务商拒绝输入", "the face swap service refused the input"),
}
_PASSING: Final = frozenset({408, 425})


class ProviderError(Exception):
    """A call failed; the text may be shown to the task's owner."""


class Refused(ProviderError):
    """The provider answered that it will not do it. Nothing was paid."""

    def __init__(self, status: int, said: str) -> None:
        zh, en = _TEXTS.get(
            status, ("服务商拒绝请求", f"the face swap service refused it ({status})")
        )
        super().__init__(f"{zh} / {en}" + (f": {said}" if said else ""))
        self.status, self.said = status, said


class Later(ProviderError):
    """The provider has certainly not taken the call; another may succeed."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause  # seconds that the provider asks for


class Unclear(ProviderError):
    """Nobody knows whether the provider has taken the call."""


@dataclass(frozen=True)
class Provider:
    """A provider's address and token. Redirects are not followed with the token."""

    base: str
    token: str

    async def upload(self, name: str, content_type: str, body: bytes) -> str:
        """Store a file at the provider; return its address. It costs nothing."""
        form = aiohttp.FormData()
        form.add_field("content", body, filename=name, content_type=content_type)
        found = await self._call("POST", "/files", UPLOAD_TIMEOUT, data=form)
        urls = found.get("urls") if isinstance(found, Mapping) else None
        address = urls.get("get") if isinstance(urls, Mapping) else None
        try:
            parts_of(str(address or ""))
        except WrongAddress:
            raise Unclear("the answer to an upload has no address") from None
        return str(address)

    async def create(self, order: Mapping[str, Any]) -> Prediction:
        """Start a prediction. This costs money: raises Unclear unless it is certain."""
        body = await self._call("POST", "/predictions", TIMEOUT, json=dict(order))
        found = predictions.read(body)
        if found is None:
            raise Unclear("the answer has no id")
        return found

    async def fetch(self, prediction_id: str) -> Prediction:
        return self._one(await self._call("GET", f"/predictions/{prediction_id}"))

    async def cancel(self, prediction_id: str) -> Prediction:
        path = f"/predictions/{prediction_id}/cancel"
        return self._one(await self._call("POST", path))

    async def find(self, address: str, since: datetime) -> list[Prediction]:
        """Return the predictions with a file's address in their input, newest first.

        Raises Unclear if the list does not tell all that were made after `since`.
        """
        path, found = "/predictions", list[Prediction]()
        oldest = since - CLOCKS_DIFFER
        for _ in range(MOST_PAGES):
            try:
                body = await self._call("GET", path)
                page, following = predictions.read_list(body)
            except ValueError as exc:
                raise Unclear(str(exc)) from None
            found += [each for each in page if address in each.inputs]
            path = self._path_of(following)
            if found or not path or any(_is_older(each, oldest) for each in page):
                return found
        raise Unclear("the list of predictions is too long")

    def _path_of(self, following: str) -> str:
        """Return the path of a next page; "" unless it is of this provider."""
        url = joined(f"{self.base}/predictions", following) if following else ""
        return url.removeprefix(self.base) if url.startswith(f"{self.base}/") else ""

    def _one(self, body: Any) -> Prediction:
        found = predictions.read(body)
        if found is None:
            raise Unclear("the answer is no prediction")
        return found

    async def _call(
        self,
        method: str,
        path: str,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
        **body: Any,
    ) -> Any:
        """Make a call, and note how the provider has answered."""
        try:
            found = await self._answer(method, path, timeout, **body)
        except ProviderError as exc:
            *_, english = str(exc).rpartition(" / ")
            await in_thread(note, Service.SWAPS, english)
            raise
        await in_thread(note, Service.SWAPS)
        return found

    async def _answer(self, method: str, path: str, timeout: float, **body: Any) -> Any:  # noqa: ASYNC109
        async with self._asking(method, path, timeout, **body) as response:
            status = response.status
            try:
                content = await read_capped(response, MOST_BYTES)
            except Unfetchable as exc:
                raise Unclear(f"the answer is {exc.en}") from exc
            if status // 100 == 2:
                return _json(content)
            raise _failure(status, content, response.headers)

    @asynccontextmanager
    async def _asking(
        self,
        method: str,
        path: str,
        timeout: float,  # noqa: ASYNC109
        **body: Any,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make a request; tell failures before it left from those after."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            url = check_url(f"{self.base}{path}")
            async with asyncio.timeout(timeout), open_session() as session:
                asked = session.request(
                    method, url, headers=headers, allow_redirects=False, **body
                )
                async with asked as response:
                    yield response
        except Unfetchable as exc:
            raise Later(f"{exc.zh} / {exc.en}") from exc
        except aiohttp.ClientConnectorError as exc:  # no byte was sent
            raise Later(f"无法连接服务商 / {reason_of(exc)}") from exc
        except (TimeoutError, aiohttp.ClientError, OSError) as exc:
            raise Unclear(f"服务商无应答 / {reason_of(exc)}") from exc


def _is_older(each: Prediction, moment: datetime) -> bool:
    return each.created_at is not None and each.created_at < moment


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unclear("the answer is not JSON") from None


def _failure(status: int, content: bytes, headers: Mapping[str, str]) -> ProviderError:
    said = _said(content)
    if status == 429:
        return Later(
            f"服务商限流 / the face swap service is busy: {said}", _pause(headers)
        )
    if status >= 500 or status in _PASSING:
        return Unclear(f"服务商出错 / the face swap service answers {status}")
    return Refused(status, said)


def _said(content: bytes) -> str:
    """Return a problem's words: its detail, else its title."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, Mapping):
        return ""
    said = found.get("detail") or found.get("title") or ""
    return predictions.words(said if isinstance(said, str) else json.dumps(said))


def _pause(headers: Mapping[str, str]) -> float | None:
    try:
        pause = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(pause, 1.0), _LONGEST_PAUSE) if pause == pause else None
