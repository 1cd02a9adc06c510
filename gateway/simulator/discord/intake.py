"""`POST /interactions`: validate, record in the ledger, hand over to the bot."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.constants import BOT_NAMES, Flags, Kind
from gateway.simulator.base.wire import Json
from gateway.simulator.bot import catalogue
from gateway.simulator.bot.bot import Bot
from gateway.simulator.discord import options
from gateway.simulator.discord.gateway import Hub
from gateway.simulator.http.answers import (
    Refused,
    invalid_form,
    missing_access,
    unauthorized,
    unknown,
)
from gateway.simulator.http.bodies import json_object, objects, parsed
from gateway.simulator.http.faults import apply_fault, refuses
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Channel, Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import handles
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.ledger import InteractionEntry
from gateway.simulator.state.rules import Occasion
from gateway.simulator.state.shapes import holds
from gateway.simulator.windows.kinds import text_inputs

SELECT = 3  # component type


@dataclass
class Intake:
    """Accepts interactions as Discord does."""

    core: Core
    hub: Hub
    bot: Bot
    _nonces: set[str] = field(default_factory=set)
    _forbidden: set[bytes] = field(default_factory=set)  # bodies answered with 403

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Handle `POST /interactions`."""
        token = request.headers.get("Authorization", "")
        account = self.core.world.by_token.get(token)
        if account is None or account.revoked:
            raise unauthorized()
        body = await _body(request)
        entry = self._enter(account, body)
        effect = self.core.rules.effects("http", self._occasion(account, entry))
        if refuses(effect):
            response = await apply_fault(request, effect, web.Response(status=503))
            self._refused(entry, response.status, account, body)
            return response
        try:
            ix = self._accept(account, body)
        except Refused as refusal:
            self._refused(entry, refusal.status, account, body)
            raise
        entry.http_status = 204
        self.core.ledger.accepted(entry, ix.id)
        ix.occasion = self._occasion(account, entry)
        ix.effects = self.core.rules.effects("job", ix.occasion)
        ix.knobs = self.core.knobs.with_changes(
            {**_chosen(ix), **ix.effects.get("knobs", {})}
        )
        return await self._hand_over(request, ix, effect)

    async def _hand_over(
        self, request: web.Request, ix: Interaction, effect: Json
    ) -> web.StreamResponse:
        if effect:
            ix.answered.set()  # the answer may never come, so the bot starts now
        self.bot.accept(ix)
        knobs = ix.knobs
        try:
            await self.core.clock.sleep(knobs.http_latency + max(0.0, -knobs.ack_delay))
        finally:
            ix.answered.set()  # also if the client has closed the connection
        response = web.Response(status=204)
        return await apply_fault(request, effect, response) if effect else response

    def _clicked_prompt(self, custom_id: str) -> str | None:
        """Return the prompt of the job whose button has this custom id."""
        jobs = (self.core.world.jobs.get(part) for part in custom_id.split("::"))
        return next((job.prompt for job in jobs if job is not None), None)

    def _refused(
        self, entry: InteractionEntry, status: int, account: Account, body: Json
    ) -> None:
        entry.http_status = status
        if status == 403:
            self._forbidden.add(_essence(account, body))

    def _occasion(self, account: Account, entry: InteractionEntry) -> Occasion:
        return Occasion(
            route="POST /interactions",
            command=entry.command or None,
            custom_id=entry.custom_id or None,
            prompt=entry.prompt or self._clicked_prompt(entry.custom_id),
            account=handles(account),
        )

    def _enter(self, account: Account, body: Json) -> InteractionEntry:
        ledger, data = self.core.ledger, _data(body)
        nonce = str(body.get("nonce", ""))
        if nonce and nonce in self._nonces:
            ledger.violation("nonce_reused", account=account.name, nonce=nonce)
        self._nonces.add(nonce)
        if _essence(account, body) in self._forbidden:
            ledger.violation("retry_after_refusal", account=account.name, nonce=nonce)
        return ledger.interaction(
            account=account.name,
            connected=any(session.live for session in self.hub.of(account)),
            nonce=nonce,
            type=kind if isinstance(kind := body.get("type"), int) else 0,
            command=str(data.get("name") or ""),
            custom_id=str(data.get("custom_id") or ""),
            prompt=_prompt(data),
            message_id=body.get("message_id"),
            clicked=str(data.get("id")) if body.get("type") == Kind.MODAL else None,
            http_status=None,
            interaction_id=None,
            job=None,
        )

    def _accept(self, account: Account, body: Json) -> Interaction:
        """Return the interaction in `body`; raises Refused as Discord would."""
        try:
            kind = Kind(body.get("type", 0))
        except ValueError:
            raise invalid_form("type", "BASE_TYPE_CHOICES", "Unknown type") from None
        nonce = body.get("nonce")
        if not isinstance(nonce, str) or not 0 < len(nonce) <= 25:
            raise invalid_form("nonce", "BASE_TYPE_BAD_LENGTH", "1 to 25 characters")
        application_id = str(body.get("application_id"))
        if application_id not in BOT_NAMES:
            raise unknown("Application", 10002)
        channel = self._channel(account, body)
        ix = Interaction(
            id=self.core.ids.snowflake(),
            kind=kind,
            nonce=nonce,
            account=account,
            application_id=application_id,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            session_id=str(body.get("session_id", "")),
            data=_data(body),
            knobs=self.core.knobs,
        )
        if kind is Kind.COMMAND:
            self._check_command(ix)
        elif kind is Kind.COMPONENT:
            self._check_component(ix, body)
        else:
            self.bot.opener.submit(ix)
        if self.hub.find(ix.session_id, account) is None:
            self.core.ledger.violation(
                "interaction_without_session", account=account.name, nonce=nonce
            )
        return ix

    def _channel(self, account: Account, body: Json) -> Channel:
        channel = self.core.world.channels.get(str(body.get("channel_id")))
        if channel is None:
            raise unknown("Channel", 10003)
        if account.user_id not in channel.members:
            raise missing_access()
        if body.get("guild_id") != channel.guild_id:
            raise unknown("Guild", 10004)
        return channel

    def _check_command(self, ix: Interaction) -> None:
        command = catalogue.BY_ID.get(str(ix.data.get("id")))
        if command is None or command.application_id != ix.application_id:
            raise invalid_form("data.id", "UNKNOWN_COMMAND", "Unknown command")
        if str(ix.data.get("version")) != catalogue.version_of(self.core, command):
            raise invalid_form(
                "data",
                "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
                "This command is outdated, please try again in a few minutes",
            )
        ix.files = options.check(self.core, command, ix.data)
        ix.command = command.name

    def _check_component(self, ix: Interaction, body: Json) -> None:
        message = self.core.world.messages.get(str(body.get("message_id")))
        if message is None or not self._may_click(ix, message, body):
            raise unknown("Message", 10008)
        ix.custom_id = str(ix.data.get("custom_id"))
        component = holds(message.data["components"], ix.custom_id)
        if component is None:
            self.core.ledger.violation(
                "click_on_unknown_component",
                account=ix.account.name,
                custom_id=ix.custom_id,
                message_id=message.id,
            )
            raise invalid_form(
                "data.custom_id",
                "COMPONENT_VALIDATION_FAILED",
                "Component custom id not found",
            )
        if component["type"] == SELECT:
            _check_values(component, ix.data.get("values"))
        ix.message = message

    @staticmethod
    def _may_click(ix: Interaction, message: Message, body: Json) -> bool:
        theirs = (message.channel_id, message.data.get("application_id"))
        if theirs != (ix.channel_id, ix.application_id):
            return False
        flags = int(body.get("message_flags") or 0)
        if message.ephemeral:
            mine = message.session_id == ix.session_id
            return mine and bool(flags & Flags.EPHEMERAL)
        return True


def _chosen(ix: Interaction) -> Json:
    """Return the knobs that the user's preferences change."""
    version = ix.preferences.version
    return {"version": version.removeprefix("niji ")} if version else {}


def _check_values(select: Json, values: Any) -> None:
    """Raise Refused for a value that the select does not offer.

    All selects here take exactly one value.
    """
    offered = [[option["value"]] for option in select["options"]]
    if values not in offered:
        raise invalid_form(
            "data.values", "COMPONENT_VALIDATION_FAILED", "Not an option of the select"
        )


async def _body(request: web.Request) -> Json:
    """Return the payload: a JSON body, or the form part `payload_json`."""
    if not request.content_type.startswith("multipart/"):
        return await json_object(request)
    form = await request.post()
    return parsed(str(form.get("payload_json", "")))


def _essence(account: Account, body: Json) -> bytes:
    """Return bytes that are equal for requests with the same place and data."""
    place = (account.user_id, body.get("channel_id"), body.get("message_id"))
    return wire.dump([*place, _data(body)])


def _data(body: Json) -> Json:
    data: Any = body.get("data")
    return data if isinstance(data, dict) else {}


def _prompt(data: Json) -> str:
    for option in objects(data.get("options")):
        if option.get("name") == "prompt":
            return str(option.get("value", ""))
    return next(iter(text_inputs(data.get("components")).values()), "")
