"""Write messages of the bots into the world, and send their events."""

from gateway.simulator.base.constants import Flags
from gateway.simulator.base.wire import Json
from gateway.simulator.state.channels import Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.shapes import bot_user


class Posts:
    """Creates, changes and deletes messages on behalf of one interaction."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def signal(self, ix: Interaction, name: str, phase: str, **extra: object) -> None:
        """Send an INTERACTION_* event to the session of the request."""
        if ix.follow_up:
            return
        self.core.publish(
            Event(
                name,
                {"id": ix.id, "nonce": ix.nonce, **extra},
                session_id=ix.session_id,
                owner=ix.account,
                phase=phase,
                interaction=ix,
            )
        )

    def create(
        self,
        ix: Interaction,
        *,
        phase: str,
        content: str = "",
        embeds: list[Json] | None = None,
        components: list[Json] | None = None,
        attachments: list[Json] | None = None,
        flags: int = 0,
        kind: int = 20,
        job: Job | None = None,
        nonce: bool = True,
        metadata: bool = True,
        reference: Message | None = None,
        extra: Json | None = None,
    ) -> Message:
        """Post a message; an ephemeral one is visible to the request's session only."""
        data = self._data(ix, flags=flags, kind=kind)
        data["content"] = content
        data["embeds"] = embeds or []
        data["components"] = components or []
        data["attachments"] = attachments or []
        if metadata:
            data["interaction_metadata"] = ix.metadata()
            if ix.command and ix.knobs.start_interaction and kind == 20:
                data["interaction"] = self._deprecated(ix)
        if reference is not None:
            self._refer(data, reference)
        data.update(extra or {})
        message = Message(
            data["id"],
            ix.channel_id,
            data,
            owner_id=ix.account.user_id,
            session_id=ix.session_id if flags & Flags.EPHEMERAL else None,
            command=ix.data,
        )
        keep = self.core.knobs.keep_messages
        self.core.world.add_message(message, keep=keep)
        self.core.store.message(message)
        self._tell(
            "MESSAGE_CREATE",
            message,
            data,
            ix,
            job,
            phase,
            nonce=ix.nonce if nonce and not ix.follow_up else None,
        )
        return message

    def update(
        self,
        message: Message,
        ix: Interaction,
        *,
        phase: str,
        job: Job | None = None,
        **changes: object,
    ) -> None:
        """Change fields of a message; does nothing if it is deleted."""
        if message.id not in self.core.world.messages:
            return
        message.data = {**message.data, **changes}
        message.data["edited_timestamp"] = self._stamp()
        self.core.store.message(message)
        told = message.data
        if ix.knobs.partial_updates:
            kept = ("id", "channel_id", "guild_id", *changes)
            told = {key: told[key] for key in kept if key in told}
        self._tell("MESSAGE_UPDATE", message, told, ix, job, phase)

    def delete(
        self, message_id: str, ix: Interaction, *, phase: str, job: Job | None = None
    ) -> None:
        """Delete a message, if it still exists."""
        message = self.core.world.remove_message(message_id)
        if message is None:
            return
        self.core.store.gone(message_id)
        told = {key: message.data[key] for key in ("id", "channel_id", "guild_id")
                if key in message.data}  # fmt: skip
        self._tell("MESSAGE_DELETE", message, told, ix, job, phase)

    def _data(self, ix: Interaction, *, flags: int, kind: int) -> Json:
        data: Json = {
            "id": self.core.ids.snowflake(),
            "type": kind,
            "channel_id": ix.channel_id,
            "channel_type": 0 if ix.guild_id else 1,
            "author": bot_user(ix.application_id),
            "application_id": ix.application_id,
            "webhook_id": ix.application_id,
            "timestamp": self._stamp(),
            "edited_timestamp": None,
            "flags": flags,
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
            "mention_roles": [],
            "mentions": [ix.user()],
            "position": 0,
        }
        if ix.guild_id and not flags & Flags.EPHEMERAL:
            data["guild_id"] = ix.guild_id
        return data

    def _stamp(self) -> str:
        return self.core.clock.stamp(self.core.knobs.clock_skew)

    @staticmethod
    def _deprecated(ix: Interaction) -> Json:
        return {"id": ix.id, "type": 2, "name": ix.name, "user": ix.user()}

    @staticmethod
    def _refer(data: Json, reference: Message) -> None:
        data["message_reference"] = {
            "type": 0,
            "channel_id": reference.channel_id,
            "message_id": reference.id,
            "guild_id": reference.data.get("guild_id"),
        }
        kept = ("id", "type", "channel_id", "content", "author", "timestamp")
        data["referenced_message"] = {
            **{key: reference.data.get(key) for key in kept},
            "attachments": [],
            "components": [],
            "embeds": [],
        }

    def _tell(
        self,
        name: str,
        message: Message,
        d: Json,
        ix: Interaction,
        job: Job | None,
        phase: str,
        *,
        nonce: str | None = None,
    ) -> None:
        self.core.publish(
            Event(
                name,
                d,
                channel_id=message.channel_id,
                session_id=message.session_id,
                owner=ix.account,
                nonce=nonce,
                phase=phase,
                job=job,
                interaction=ix,
            )
        )
