"""Make unrelated events: chatter, other users' jobs, moderators' deletions."""

import asyncio
import time
from dataclasses import dataclass

from gateway.simulator.base import wire
from gateway.simulator.base.constants import Kind
from gateway.simulator.base.wire import Json
from gateway.simulator.bot.bot import Bot
from gateway.simulator.bot.catalogue import COMMANDS
from gateway.simulator.discord.gateway import Hub
from gateway.simulator.discord.sessions import Session
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.accounts import Account, account_spec
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event
from gateway.simulator.state.interactions import Interaction

TICK = 0.05


@dataclass
class Noise:
    """Sends unrelated events into all sessions, and foreign jobs into one channel."""

    core: Core
    hub: Hub
    bot: Bot

    async def run(self) -> None:
        """Send `noise_rate` events per second into every session, for ever."""
        debt = 0.0
        while True:
            await asyncio.sleep(TICK)
            debt += self.core.knobs.noise_rate * TICK
            while debt >= 1:
                debt -= 1
                self._everywhere()

    async def flood(self, *, rate: float, seconds: float) -> int:
        """Send `rate` events per second into every session for `seconds`.

        Returns the number of events for each session.
        """
        started, sent = time.monotonic(), 0
        while (passed := time.monotonic() - started) < seconds:
            while sent < rate * passed:
                self._everywhere()
                sent += 1
            await asyncio.sleep(TICK)
        return sent

    def _everywhere(self) -> None:
        for session in self.hub.of(None):
            name, d = self._event(session)
            session.dispatch(name, wire.dump(d))

    def _event(self, session: Session) -> tuple[str, Json]:
        """Return the name and data of one random everyday event."""
        spec = session.account.spec
        snowflake = self.core.ids.snowflake()
        choice = self.core.ids.jitter.randrange(4)
        if choice == 0:
            return "TYPING_START", {
                "channel_id": spec.channel_id,
                "user_id": snowflake,
                "timestamp": int(time.time()),
            }
        if choice == 1:
            user: Json = {"id": snowflake}
            return "PRESENCE_UPDATE", {"user": user, "status": "online"}
        if choice == 2:
            # A link unfurled by Discord: an update without author and content.
            link = {"type": "link", "url": "https://example.invalid", "title": "News"}
            return "MESSAGE_UPDATE", {
                "id": snowflake,
                "channel_id": spec.channel_id,
                "guild_id": spec.guild_id,
                "embeds": [link],
            }
        return "MESSAGE_CREATE", {
            "id": snowflake,
            "type": 0,
            "channel_id": spec.channel_id,
            "guild_id": spec.guild_id,
            "author": {"id": "1200900000000000001", "username": "passer_by"},
            "content": "**nice** - have a look",
            "attachments": [],
            "embeds": [],
            "components": [],
            "flags": 0,
        }

    def foreign_job(self, account: Account, prompt: str, *, own: bool = False) -> str:
        """Let a stranger, or the account's own person, imagine in its channel.

        Returns the user's id.
        """
        ix = self._interaction(account, prompt)
        user_id = account.user_id if own else self.core.ids.snowflake()
        if not own:
            spec = account_spec(
                0, name="stranger", username="stranger", user_id=user_id
            )
            ix.account = Account(spec, spec.plan)
        ix.foreign = True
        ix.answered.set()
        self.bot.accept(ix)
        return user_id

    def _interaction(self, account: Account, prompt: str) -> Interaction:
        """Return an imagine in the account's channel, without a request behind it."""
        command = COMMANDS[0]
        return Interaction(
            id=self.core.ids.snowflake(),
            kind=Kind.COMMAND,
            nonce=self.core.ids.snowflake(),
            account=account,
            application_id=command.application_id,
            channel_id=account.spec.channel_id,
            guild_id=account.spec.guild_id,
            session_id="",
            data={
                "id": command.id,
                "name": command.name,
                "type": 1,
                "version": command.version,
                "options": [{"type": 3, "name": "prompt", "value": prompt}],
            },
            knobs=self.core.knobs,
            command=command.name,
        )

    def tell(self, account: Account, notice: str, form: str) -> int:
        """Post a notice that answers no request in the account's sessions.

        Returns the number of sessions.
        """
        sessions = self.hub.of(account)
        for session in sessions:
            ix = self._interaction(account, "")
            ix.session_id = session.id
            self.bot.tell(ix, NOTICES[notice], form)
        return len(sessions)

    def remove_message(self, message_id: str, *, silent: bool) -> bool:
        """Delete a message as a moderator would.

        With `silent` no event is sent. Returns False if there is no such message.
        """
        message = self.core.world.remove_message(message_id)
        if message is None:
            return False
        self.core.store.gone(message_id)
        kept = ("id", "channel_id", "guild_id")
        d = {key: message.data[key] for key in kept if key in message.data}
        if not silent:
            self.core.publish(
                Event(
                    "MESSAGE_DELETE",
                    d,
                    channel_id=message.channel_id,
                    session_id=message.session_id,
                )
            )
        return True
