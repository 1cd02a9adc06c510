"""World: accounts, channels, messages and jobs."""

from collections.abc import Iterable, Iterator

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from gateway.simulator.state.accounts import Account, AccountSpec
from gateway.simulator.state.channels import Channel, Message
from gateway.simulator.state.jobs import Job


class World:
    """Everything that exists, with look-ups."""

    def __init__(self) -> None:
        self.by_token: dict[str, Account] = {}
        self.accounts: dict[str, Account] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.jobs: dict[str, Job] = {}

    def add_account(self, spec: AccountSpec) -> Account:
        account = Account(spec, spec.plan)
        self.by_token[spec.user_token] = account
        self.accounts[spec.user_id] = account
        for channel_id, guild_id, bot_id in (
            (spec.channel_id, spec.guild_id, None),
            (spec.mj_dm_channel_id, None, MIDJOURNEY),
            (spec.niji_dm_channel_id, None, NIJI),
        ):
            channel = self.channels.setdefault(
                channel_id, Channel(channel_id, guild_id, bot_id)
            )
            channel.members.add(spec.user_id)
        return account

    def add_channel(
        self, channel_id: str, guild_id: str, guests: Iterable[Account] = ()
    ) -> None:
        """Add a channel that all members of the guild and the guests can read."""
        channel = self.channels.setdefault(channel_id, Channel(channel_id, guild_id))
        for other in self.guild_channels(guild_id):
            channel.members |= other.members
        channel.members |= {guest.user_id for guest in guests}

    def find_account(self, handle: str) -> Account | None:
        """Return the account with this name, user id, channel id or token."""
        return next((a for a in self.accounts.values() if a.answers_to(handle)), None)

    def guild_channels(self, guild_id: str) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild_id == guild_id]

    def add_message(self, message: Message, *, keep: int) -> None:
        self.messages[message.id] = message
        ids = self.channels[message.channel_id].message_ids
        ids[message.id] = None
        if len(ids) > keep:
            self.remove_message(next(iter(ids)))

    def remove_message(self, message_id: str) -> Message | None:
        message = self.messages.pop(message_id, None)
        if message is not None:
            self.channels[message.channel_id].message_ids.pop(message_id, None)
        return message

    def history(self, channel_id: str) -> Iterator[Message]:
        """Yield the channel's public messages, newest first."""
        for message_id in reversed(self.channels[channel_id].message_ids):
            message = self.messages[message_id]
            if not message.ephemeral:
                yield message
