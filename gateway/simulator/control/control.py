"""Control API below `/_sim`: knobs, rules, accounts, ledger, waiting."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from gateway.simulator.base.wire import Json
from gateway.simulator.bot import catalogue
from gateway.simulator.control.noise import Noise
from gateway.simulator.discord.cdn import Cdn
from gateway.simulator.discord.gateway import Hub
from gateway.simulator.http.answers import answer
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.accounts import Account, account_spec
from gateway.simulator.state.core import Core
from gateway.simulator.state.jobs import ENDED
from gateway.simulator.state.knobs import Knobs, UnknownKnob
from gateway.simulator.state.rules import BadRule

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REMIX_FACTS = {"remix": MIDJOURNEY, "niji_remix": NIJI}


@dataclass
class Control:
    """Endpoints for tests. Errors are answered with 400 and `{"error": ...}`."""

    core: Core
    hub: Hub
    cdn: Cdn
    noise: Noise

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {
            "GET /_sim": self.overview,
            "GET /_sim/knobs": self.knobs,
            "PATCH /_sim/knobs": self.turn_knobs,
            "GET /_sim/rules": self.rules,
            "POST /_sim/rules": self.add_rule,
            "DELETE /_sim/rules": self.clear_rules,
            "DELETE /_sim/rules/{rule_id}": self.remove_rule,
            "POST /_sim/release": self.release,
            "GET /_sim/accounts": self.accounts,
            "POST /_sim/accounts": self.change_accounts,
            "POST /_sim/channels": self.add_channel,
            "POST /_sim/commands": self.bump_commands,
            "GET /_sim/sessions": self.sessions,
            "GET /_sim/ledger": self.ledger,
            "GET /_sim/jobs": self.jobs,
            "GET /_sim/log": self.log,
            "GET /_sim/wait": self.wait,
            "POST /_sim/noise": self.make_noise,
            "POST /_sim/foreign": self.foreign_job,
            "POST /_sim/notice": self.unasked_notice,
            "DELETE /_sim/messages/{message_id}": self.remove_message,
        }

    async def overview(self, request: web.Request) -> web.Response:
        return answer(
            {
                "url": self.core.url,
                "speed": self.core.clock.speed,
                "notices": sorted(NOTICES),
                "routes": sorted(self.routes()),
                "counts": self.core.ledger.counts("any"),
            }
        )

    async def knobs(self, request: web.Request) -> web.Response:
        return answer(self.core.knobs.as_dict())

    async def turn_knobs(self, request: web.Request) -> web.Response:
        try:
            self.core.knobs = self.core.knobs.with_changes(await _json(request))
        except UnknownKnob as exc:
            return _bad(exc)
        return answer(self.core.knobs.as_dict())

    async def rules(self, request: web.Request) -> web.Response:
        return answer([rule.as_dict() for rule in self.core.rules.all()])

    async def add_rule(self, request: web.Request) -> web.Response:
        body = await _json(request)
        match, effect = body.get("match") or {}, body.get("effect") or {}
        try:
            self._check(effect)
            rule = self.core.rules.add(match, effect, body.get("times"))
        except (BadRule, UnknownKnob) as exc:
            return _bad(exc)
        return answer(rule.as_dict(), 201)

    def _check(self, effect: Json) -> None:
        """Raise BadRule or UnknownKnob for bad values of an effect.

        Otherwise the error would come only when the rule is applied, in the middle of a
        test.
        """
        self.core.knobs.with_changes(effect.get("knobs", {}))
        if effect.get("notice", "blocked") not in NOTICES:
            raise BadRule(f"there is no notice {effect['notice']!r}")
        if str(effect.get("form", "A")) not in tuple("ABCDEFGH"):
            raise BadRule(f"there is no form {effect['form']!r}")
        if effect.get("window", "none") not in ("none", "open", "lost"):
            raise BadRule(f"a window cannot be {effect['window']!r}")

    async def clear_rules(self, request: web.Request) -> web.Response:
        self.core.rules.clear()
        return answer({})

    async def remove_rule(self, request: web.Request) -> web.Response:
        found = self.core.rules.remove(request.match_info["rule_id"])
        return answer({}, 200 if found else 404)

    async def release(self, request: web.Request) -> web.Response:
        body = await _json(request)
        sent = self.core.outbox.release(
            body.get("rule"), order=body.get("order", "sent")
        )
        jobs = 0
        for job in self.core.ledger.jobs.values():
            # Jobs that have not reached their `finish_at` yet are released as well.
            if job.state not in ENDED and body.get("job") in (None, job.uuid):
                job.released.set()
                jobs += 1
        return answer({"events": sent, "jobs": jobs})

    async def accounts(self, request: web.Request) -> web.Response:
        return answer(
            [self._facts(account) for account in self.core.world.accounts.values()]
        )

    async def change_accounts(self, request: web.Request) -> web.Response:
        """Add an account, or alter one with `revoke`, `restore` or `change`."""
        body = await _json(request)
        for verb in ("revoke", "restore", "change"):
            if verb in body:
                account = self.core.account(str(body[verb]))
                if account is None:
                    return _bad(f"there is no account {body[verb]!r}")
                self._alter(account, verb, body)
                return answer(self._facts(account))
        number = int(body.pop("number", len(self.core.world.accounts) + 1))
        spec = account_spec(number, **body)
        self.core.store.account(spec)
        return answer(self._facts(self.core.world.add_account(spec)), 201)

    def _facts(self, account: Account) -> Json:
        return _account_facts(account, self.core.knobs)

    def _alter(self, account: Account, verb: str, body: Json) -> None:
        if verb == "change":
            account.plan = body.get("plan", account.plan)
            account.mode = body.get("mode", account.mode)
            account.suffix = body.get("suffix", account.suffix)
            account.fast_time = str(body.get("fast_time", account.fast_time))
            account.subscription = str(body.get("subscription", account.subscription))
            account.stealth = body.get("stealth", account.stealth)
            for name, application_id in REMIX_FACTS.items():
                chosen = account.preferences[application_id]
                chosen.remix = body.get(name, chosen.remix)
            return
        account.revoked = verb == "revoke"
        self.core.turned_away.discard(account.spec.user_token)
        if account.revoked and body.get("close", True):
            for session in self.hub.of(account):
                if session.connection is not None:
                    session.connection.close(4004, "Authentication failed.")
                self.hub.end(session)

    async def add_channel(self, request: web.Request) -> web.Response:
        """Add a channel to an account's guild; `guests` names further readers."""
        body = await _json(request)
        account = self.core.account(str(body.get("account", "account-1")))
        guests = [self.core.account(str(name)) for name in body.get("guests", ())]
        if account is None or None in guests:
            return _bad("there is no such account")
        channel_id = str(body.get("channel_id") or self.core.ids.snowflake())
        guild_id = account.spec.guild_id
        self.core.world.add_channel(channel_id, guild_id, filter(None, guests))
        self.core.store.channel(channel_id, guild_id)
        return answer({"channel_id": channel_id, "guild_id": guild_id}, 201)

    async def bump_commands(self, request: web.Request) -> web.Response:
        body = await _json(request)
        return answer(catalogue.bump(self.core, body.get("names")))

    async def sessions(self, request: web.Request) -> web.Response:
        return answer([session.as_dict() for session in self.hub.of(None)])

    async def ledger(self, request: web.Request) -> web.Response:
        query = request.query
        wanted = {name for name in query.get("fields", "").split(",") if name}
        if query.get("sha256", "1") == "1" and (not wanted or "jobs" in wanted):
            await self._hash_pictures()
        since = int(query.get("since", 0))
        return answer(self.core.ledger.report(since=since, wanted=wanted))

    async def _hash_pictures(self) -> None:
        for job in list(self.core.ledger.jobs.values()):
            if job.attachment_id is not None and job.picture_sha256 is None:
                data = await self.cdn.result(job)
                job.picture_sha256 = hashlib.sha256(data).hexdigest()
                await asyncio.sleep(0)  # lets the sockets work

    async def jobs(self, request: web.Request) -> web.Response:
        return answer([job.as_dict() for job in self.core.world.jobs.values()])

    async def log(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", 0))
        requests = self.core.ledger.requests
        return answer([entry for entry in requests if entry["seq"] > since])

    async def wait(self, request: web.Request) -> web.Response:
        """Answer 200 once every count is reached, 408 after `timeout` seconds."""
        query = request.query
        state = query.get("state", "finished")
        names = self.core.ledger.counts(state)
        unknown = set(query) - set(names) - {"state", "timeout"}
        if unknown:
            return _bad(f"cannot wait for {sorted(unknown)}")
        wanted = {name: int(query[name]) for name in names if name in query}
        timeout = float(query.get("timeout", 30))
        reached, counts = await self.core.ledger.wait(
            wanted, state=state, seconds=timeout
        )
        return answer({**counts, "state": state}, 200 if reached else 408)

    async def make_noise(self, request: web.Request) -> web.Response:
        body = await _json(request)
        sent = await self.noise.flood(
            rate=float(body.get("rate", 100)), seconds=float(body.get("seconds", 1))
        )
        return answer({"events": sent})

    async def foreign_job(self, request: web.Request) -> web.Response:
        """Start a job of another user in an account's channel."""
        body = await _json(request)
        account = self.core.account(str(body.get("account", "account-1")))
        if account is None:
            return _bad("there is no such account")
        user_id = self.noise.foreign_job(
            account, str(body.get("prompt", "a cat")), own=bool(body.get("own"))
        )
        return answer({"user_id": user_id}, 201)

    async def unasked_notice(self, request: web.Request) -> web.Response:
        """Post a notice that belongs to no task."""
        body = await _json(request)
        account = self.core.account(str(body.get("account", "account-1")))
        notice, form = str(body.get("notice")), str(body.get("form", "A"))
        if account is None or notice not in NOTICES:
            return _bad("there is no such account or notice")
        return answer({"sessions": self.noise.tell(account, notice, form)}, 201)

    async def remove_message(self, request: web.Request) -> web.Response:
        found = self.noise.remove_message(
            request.match_info["message_id"], silent="silent" in request.query
        )
        return answer({}, 200 if found else 404)


def _account_facts(account: Account, knobs: Knobs) -> Json:
    remix = {
        name: knobs.remix if chosen is None else chosen
        for name, application_id in REMIX_FACTS.items()
        for chosen in (account.preferences[application_id].remix,)
    }
    return {
        **asdict(account.spec),
        "plan": account.plan,
        "mode": account.mode,
        "suffix": account.suffix,
        "fast_time": account.fast_time,
        "subscription": account.subscription,
        "stealth": account.stealth,
        "revoked": account.revoked,
        "challenged": account.challenge is not None,
        **remix,
    }


async def _json(request: web.Request) -> Json:
    raw = await request.read()
    try:
        body: Any = wire.load(raw) if raw else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="a JSON object, please")
    return body


def _bad(reason: object) -> web.Response:
    return answer({"error": str(reason)}, 400)
