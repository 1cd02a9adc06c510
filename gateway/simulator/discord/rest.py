"""Discord's REST endpoints, except interactions and uploads."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import islice

from aiohttp import web

from gateway.simulator.base.constants import (
    BOT_NAMES,
    ENVELOPES,
    GATEWAY_HOST,
    MIDJOURNEY,
    RED_CROSS,
)
from gateway.simulator.base.wire import Json
from gateway.simulator.bot import catalogue
from gateway.simulator.bot.bot import Bot
from gateway.simulator.http.answers import (
    Refused,
    answer,
    invalid_form,
    missing_access,
    unauthorized,
    unknown,
)
from gateway.simulator.http.bodies import json_object
from gateway.simulator.jobs.results import signed
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Channel, Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.shapes import dm_channel, guild_channel, own_user

_SIGNED = re.compile(r"/(?:ephemeral-)?attachments/.+")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Rest:
    """Endpoints below `/api/vN`."""

    core: Core
    bot: Bot
    _not_ready: dict[str, int] = field(default_factory=dict)

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        channel = "/channels/{channel_id}"
        message = f"{channel}/messages/{{message_id}}"
        return {
            "GET /gateway": self.gateway,
            "GET /users/@me": self.me,
            "GET /users/@me/billing/country-code": self.country,
            "POST /users/@me/channels": self.open_dm,
            "GET /users/@me/application-command-index": self.user_index,
            "GET /guilds/{guild_id}/application-command-index": self.guild_index,
            f"GET {channel}": self.show_channel,
            f"GET {channel}/application-command-index": self.channel_index,
            f"GET {channel}/messages": self.history,
            f"GET {message}": self.single_message,
            f"GET {message}/interaction-data": self.interaction_data,
            f"POST {message}/ack": self.ack,
            f"PUT {message}/reactions/{{emoji}}/@me": self.react,
            "POST /attachments/refresh-urls": self.refresh_links,
        }

    async def gateway(self, request: web.Request) -> web.Response:
        if self.core.config.real_hosts:
            return answer({"url": GATEWAY_HOST})
        return answer({"url": f"{self.core.url.replace('http', 'ws', 1)}/gateway"})

    async def me(self, request: web.Request) -> web.Response:
        return answer(own_user(self.account(request)))

    async def country(self, request: web.Request) -> web.Response:
        self.account(request)
        return answer({"country_code": "DE"})

    async def open_dm(self, request: web.Request) -> web.Response:
        account = self.account(request)
        body = await json_object(request)
        recipients = body.get("recipients") or [body.get("recipient_id")]
        channel = next(
            (
                c
                for c in self.core.world.channels.values()
                if c.bot_id == recipients[0] and account.user_id in c.members
            ),
            None,
        )
        if channel is None or channel.bot_id is None:
            raise Refused(400, 50007, "Cannot send messages to this user")
        return answer(dm_channel(channel))

    async def guild_index(self, request: web.Request) -> web.Response:
        account = self.account(request)
        channels = self.core.world.guild_channels(request.match_info["guild_id"])
        if not channels:
            raise unknown("Guild", 10004)
        if not any(account.user_id in channel.members for channel in channels):
            raise missing_access()
        return self._index(account, list(BOT_NAMES))

    async def show_channel(self, request: web.Request) -> web.Response:
        _, channel = self.channel(request)
        if channel.bot_id is not None:
            return answer(dm_channel(channel))
        return answer(guild_channel(channel))

    async def channel_index(self, request: web.Request) -> web.Response:
        account, channel = self.channel(request)
        apps = [channel.bot_id] if channel.bot_id else list(BOT_NAMES)
        return self._index(account, apps)

    async def user_index(self, request: web.Request) -> web.Response:
        return self._index(self.account(request), [MIDJOURNEY])

    def _index(self, account: Account, apps: list[str]) -> web.Response:
        asked = self._not_ready.get(account.user_id, 0)
        self._not_ready[account.user_id] = asked + 1
        if asked < self.core.knobs.index_not_ready:
            body = {"message": "Index not yet available", "code": 110000}
            return answer({**body, "retry_after": 0.2}, 202)
        return answer(catalogue.index(self.core, apps))

    async def history(self, request: web.Request) -> web.Response:
        _, channel = self.channel(request)
        query = request.query
        try:
            limit = int(query.get("limit", "50"))
            bounds = {key: int(query[key]) for key in query if key != "limit"}
        except ValueError:
            raise Refused(400, 50035, "Invalid Form Body") from None
        if not 1 <= limit <= 100:
            raise Refused(400, 50035, "Invalid Form Body")
        messages = self.core.world.history(channel.id)
        if "after" in bounds:
            # The oldest messages after the bound, newest first.
            later = [m for m in messages if int(m.id) > bounds["after"]]
            found = later[-limit:]
        elif "around" in bounds:
            found = _around(list(messages), bounds["around"], limit)
        else:
            before = bounds.get("before", 1 << 63)
            found = list(islice((m for m in messages if int(m.id) < before), limit))
        return answer([message.data for message in found])

    async def single_message(self, request: web.Request) -> web.Response:
        account, _ = self.channel(request)
        self.core.ledger.violation(
            "get_single_message", account=account.name, path=request.path
        )
        raise Refused(403, 20002, "Only bots can use this endpoint")

    async def interaction_data(self, request: web.Request) -> web.Response:
        self.channel(request)
        message = self._message(request)
        data = message.command or {}
        if message.ephemeral or "name" not in data:
            raise unknown("Message", 10008)
        kept = ("id", "name", "type", "version", "options")
        facts = {key: data.get(key) for key in kept}
        command = catalogue.BY_ID.get(str(data.get("id")))
        if command is not None:
            version = catalogue.version_of(self.core, command)
            facts["application_command"] = command.entry(version, 1)
        return answer(facts)

    async def ack(self, request: web.Request) -> web.Response:
        account, channel = self.channel(request)
        message = self._message(request)
        body = await json_object(request)
        if not isinstance(body.get("last_viewed"), int):
            raise invalid_form("last_viewed", "BASE_TYPE_REQUIRED", "A day's number")
        ack = {
            "channel_id": channel.id,
            "message_id": message.id,
            "version": int(self.core.clock.now()),
        }
        self.core.ledger.acknowledged(
            account=account.name,
            channel_id=channel.id,
            message_id=message.id,
            last_viewed=body["last_viewed"],
        )
        # Sent to the account's own sessions: they are the readers of its DM.
        self.core.publish(
            Event(
                "MESSAGE_ACK",
                ack,
                channel_id=account.spec.mj_dm_channel_id,
                owner=account,
            )
        )
        return answer({"token": None})

    async def react(self, request: web.Request) -> web.Response:
        account, _ = self.channel(request)
        message = self._message(request)
        emoji = request.match_info["emoji"]
        job = self.bot.tools.job_of(message.id)
        if job is not None and job.user_id == account.user_id:
            if emoji == RED_CROSS:
                self._cross_out(message, job)
            elif emoji in ENVELOPES:
                self.bot.give_seed(account, job)
        return web.Response(status=204)

    def _cross_out(self, message: Message, job: Job) -> None:
        """Cancel the message's job, or delete the message if the job has ended."""
        if not job.cancel(delete=True) and job.interaction is not None:
            self.bot.tools.posts.delete(
                message.id, job.interaction, phase="delete", job=job
            )

    async def refresh_links(self, request: web.Request) -> web.Response:
        self.account(request)
        urls = (await json_object(request)).get("attachment_urls")
        if not isinstance(urls, list) or not 1 <= len(urls) <= 50:
            raise invalid_form(
                "attachment_urls", "BASE_TYPE_BAD_LENGTH", "1 to 50 addresses"
            )
        return answer({"refreshed_urls": [self._refreshed(str(url)) for url in urls]})

    def _refreshed(self, url: str) -> Json:
        plain = url.split("?")[0]
        found = _SIGNED.search(plain)
        if found is None:
            raise invalid_form(
                "attachment_urls", "INVALID_ATTACHMENT_URL", "No attachment"
            )
        fresh = f"{plain}?{signed(self.core, found[0])}"
        return {"original": url, "refreshed": fresh}

    def account(self, request: web.Request) -> Account:
        """Return the account of the request's token.

        Raises Refused with 401 if the token is unknown or revoked.
        """
        token = request.headers.get("Authorization", "")
        account = self.core.world.by_token.get(token)
        if account is None or account.revoked:
            raise unauthorized()
        return account

    def channel(self, request: web.Request) -> tuple[Account, Channel]:
        """Return the account, and the channel in the path.

        Raises Refused if the channel is unknown or not readable for the account.
        """
        account = self.account(request)
        channel = self.core.world.channels.get(request.match_info["channel_id"])
        if channel is None:
            raise unknown("Channel", 10003)
        if account.user_id not in channel.members:
            raise missing_access()
        return account, channel

    def _message(self, request: web.Request) -> Message:
        message = self.core.world.messages.get(request.match_info["message_id"])
        if message is None or message.channel_id != request.match_info["channel_id"]:
            raise unknown("Message", 10008)
        return message


def _around(newest_first: list[Message], middle: int, limit: int) -> list[Message]:
    """Return up to `limit` messages around the id `middle`, itself included."""
    older = [m for m in newest_first if int(m.id) <= middle]
    newer = [m for m in newest_first if int(m.id) > middle]
    below = older[: limit - min(len(newer), limit // 2)]
    rest = limit - len(below)
    above = newer[-rest:] if rest else []
    return above + below
