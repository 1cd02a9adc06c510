"""Verification: accounts that must prove that they are human.

Once a rule has asked for it, the bots answer every interaction of the account with a
page, until that page's button is pressed.
"""

from dataclasses import dataclass, field
from html import escape

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.http.access import Handler
from gateway.simulator.http.answers import answer
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction

PAGE = """<!doctype html>
<html lang="en">
<title>Are you human?</title>
<h1>Are you human?</h1>
<form method="post" action="/captcha/challenge/verify">
<input type="hidden" name="hash" value="{hash}">
<input type="hidden" name="token" value="{token}">
<button>I am human</button>
</form>
</html>
"""


@dataclass
class Verification:
    """Open challenges: at most one for each account, with a fixed token."""

    core: Core
    _hashes: dict[str, str] = field(default_factory=dict)  # to the token

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {
            "GET /captcha/api/c/{token}/ack": self.acknowledge,
            "GET /captcha/embedded/index.html": self.page,
            "GET /captcha/challenge/index.html": self.page,
            "POST /captcha/challenge/verify": self.press,
            "POST /_sim/verify": self.verify,
        }

    def token_for(self, ix: Interaction) -> str | None:
        """Return the token of the account's challenge, or None if it has none.

        A rule with `verify` starts a challenge.
        """
        account = ix.account
        if ix.effects.get("verify") and account.challenge is None:
            account.challenge = self.core.ids.hex(32)
        return account.challenge

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Handle the page's request for a fresh hash."""
        token = request.match_info["token"]
        if self._challenged(token) is None:
            return answer({"message": "Unknown challenge"}, 404)
        if request.query.get("hash") != "1":
            return answer({})
        fresh = self.core.ids.hex(32)
        self._hashes[fresh] = token
        return answer({"hash": fresh, "token": token})

    async def page(self, request: web.Request) -> web.Response:
        query = {
            name: escape(request.query.get(name, "")) for name in ("hash", "token")
        }
        return web.Response(text=PAGE.format(**query), content_type="text/html")

    async def press(self, request: web.Request) -> web.Response:
        """Handle the page's button; hash and token must belong together."""
        form = await request.post()
        token = self._hashes.get(str(form.get("hash")))
        if token is None or token != form.get("token") or not self.passed(token):
            return web.Response(status=404, text="This challenge is over.\n")
        return web.Response(text="Thank you. You may close this page.\n")

    def passed(self, token: str) -> bool:
        """End the challenge of this token; return whether there was one."""
        account = self._challenged(token)
        if account is not None:
            account.challenge = None
        return account is not None

    async def verify(self, request: web.Request) -> web.Response:
        """Handle `POST /_sim/verify`: end the challenge of `{"account": name}`."""
        try:
            name = str(wire.load(await request.read())["account"])
        except (ValueError, KeyError, TypeError):
            name = ""
        account = self.core.account(name)
        if account is None:
            return answer({"error": f"there is no account {name!r}"}, 400)
        was, account.challenge = account.challenge, None
        return answer({"account": account.name, "was_challenged": was is not None})

    def _challenged(self, token: str | None) -> Account | None:
        accounts = self.core.world.accounts.values()
        return next((a for a in accounts if token and a.challenge == token), None)
