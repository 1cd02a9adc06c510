"""Middleware: request log, checks of the client, HTTP rules."""

import re
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.simulator.http.answers import Refused
from gateway.simulator.http.faults import apply_fault, garbled, refuses
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import handles
from gateway.simulator.state.rules import Occasion

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_API = re.compile(r"^/api/v\d+")
_TOKEN = re.compile(r"[\w-]{18,}\.[\w-]{6}\.[\w-]{27,}")
_NO_TOKEN_HERE = (
    "/attachments/",
    "/ephemeral-attachments/",
    "/upload/",
    "/s.mj.run/",
    "/cdn.midjourney.com/",
    "/inpaint/",
    "/.proxy/",
    "/captcha/",
    "/swaps/output/",
)
_HEADERS = ("X-Super-Properties", "X-Discord-Locale", "Origin", "Referer")


class Access:
    """Middleware around every request except those of the control API."""

    def __init__(self, core: Core) -> None:
        self.core = core

    async def __call__(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if request.path.startswith("/_sim"):
            return await handler(request)
        started = time.time()
        account = self.account(request)
        self._inspect(request, account)
        status: int | None = None
        try:
            response = await self._carry_out(request, handler, account)
            status = response.status
            return response
        finally:
            self._record(request, account, status, started)

    def account(self, request: web.Request) -> Account | None:
        """Return the account of the request's token, revoked or not."""
        token = request.headers.get("Authorization", "")
        return self.core.world.by_token.get(token)

    async def _carry_out(
        self, request: web.Request, handler: Handler, account: Account | None
    ) -> web.StreamResponse:
        response = await self._ruled(request, handler, account)
        if _API.match(request.path):
            return garbled(response, self.core.knobs.garbled)
        return response

    async def _ruled(
        self, request: web.Request, handler: Handler, account: Account | None
    ) -> web.StreamResponse:
        route = route_of(request)
        if route == "POST /interactions" or not self.core.rules.all():
            return await _answered(request, handler)  # these ask the rules
        occasion = Occasion(route=route, account=handles(account))
        effect = self.core.rules.effects("http", occasion)
        response: web.StreamResponse = web.Response(status=503)
        if not refuses(effect):
            response = await _answered(request, handler)
        return await apply_fault(request, effect, response)

    def _inspect(self, request: web.Request, account: Account | None) -> None:
        ledger, token = self.core.ledger, request.headers.get("Authorization", "")
        name = account.name if account else "unknown"
        route = route_of(request)
        if _TOKEN.search(request.path_qs):
            ledger.violation("token_in_url", account=name, route=route)
        if token and request.path.startswith(_NO_TOKEN_HERE):
            ledger.violation("authorization_sent", account=name, path=request.path)
        if token in self.core.turned_away:
            ledger.violation("retry_after_refusal", account=name, route=route)

    def _record(
        self,
        request: web.Request,
        account: Account | None,
        status: int | None,
        started: float,
    ) -> None:
        ledger, token = self.core.ledger, request.headers.get("Authorization", "")
        if status == 401 and token:
            self.core.turned_away.add(token)
        ledger.request_count += 1
        ledger.requests.append(
            {
                "seq": ledger.next_seq(),
                "at": started,
                "took": time.time() - started,
                "method": request.method,
                "path": _TOKEN.sub("(token)", request.path_qs),
                "status": status,
                "account": account.name if account else None,
                "authorized": bool(token),
                "user_agent": request.headers.get("User-Agent"),
                "headers": {
                    name: request.headers[name]
                    for name in _HEADERS
                    if name in request.headers
                },
            }
        )
        ledger.changed()


def route_of(request: web.Request) -> str:
    """Method and path without the API prefix."""
    return f"{request.method} {_API.sub('', request.path)}"


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refusal:
        return refusal.response()
