"""World: accounts, channels, messages and jobs."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from gateway.simulator.state.preferences import Preferences

if TYPE_CHECKING:
    from gateway.simulator.state.jobs import Job

PLAN_SLOTS = {"Basic": 3, "Standard": 3, "Pro": 12, "Mega": 12}


@dataclass(frozen=True)
class AccountSpec:
    """One Discord account with its own guild, channel and bot DMs."""

    name: str
    username: str
    guild_id: str
    channel_id: str
    user_id: str
    user_token: str
    mj_dm_channel_id: str
    niji_dm_channel_id: str
    core_size: int = 3
    plan: str = "Standard"


def fake_token(user_id: str, number: int) -> str:
    """Return a token of the real form that is visibly fake."""
    head = base64.b64encode(user_id.encode()).decode().rstrip("=")
    return f"{head}.FAKE{number % 100:02d}.simulated-token-not-a-real-one-{number:07d}"


def account_spec(number: int, **changes: Any) -> AccountSpec:
    """Return the account with this number, counted from 1.

    `changes` replace fields.
    """
    base = 1201000000000000000 + number * 1000
    user_id = str(1200900000000000000 + number * 1000 + 9)
    values: dict[str, Any] = {
        "name": f"account-{number}",
        "username": f"atelier_user_{number}",
        "guild_id": str(base + 1),
        "channel_id": str(base + 2),
        "user_id": user_id,
        "user_token": fake_token(user_id, number),
        "mj_dm_channel_id": str(base + 3),
        "niji_dm_channel_id": str(base + 4),
    }
    values.update(changes)
    return AccountSpec(**values)


def default_accounts(count: int) -> list[AccountSpec]:
    """Return the accounts of a simulator started with `--accounts count`."""
    return [account_spec(number) for number in range(1, count + 1)]


@dataclass
class Account:
    """An account in its present state."""

    spec: AccountSpec
    plan: str
    revoked: bool = False
    mode: str = "fast"
    fast_time: str = "14.21/15.0 hours (94.73%)"  # as /info says it
    subscription: str = ""  # as /info shows it; "": the plan, active
    suffix: str = ""
    stealth: bool = False
    challenge: str | None = None  # token of an open verification
    preferences: defaultdict[str, Preferences] = field(
        default_factory=lambda: defaultdict(Preferences)
    )  # by application id

    @property
    def user_id(self) -> str:
        return self.spec.user_id

    @property
    def name(self) -> str:
        return self.spec.name

    def slots(self) -> int:
        return PLAN_SLOTS.get(self.plan, 3)

    def answers_to(self, handle: str) -> bool:
        """Return whether `handle` is its name, user id, channel id or token."""
        spec = self.spec
        known = (spec.name, spec.user_id, spec.channel_id, spec.user_token)
        return handle in known


@dataclass
class Channel:
    """A guild channel, or a DM channel with a bot."""

    id: str
    guild_id: str | None
    bot_id: str | None = None
    members: set[str] = field(default_factory=set)
    # A dict keeps the order of ids and drops one in constant time.
    message_ids: dict[str, None] = field(default_factory=dict)


@dataclass
class Message:
    """A message in its latest state. `data` has no nonce, because events add it."""

    id: str
    channel_id: str
    data: dict[str, Any]
    owner_id: str | None = None
    session_id: str | None = None  # of an ephemeral message: its only reader
    command: dict[str, Any] | None = None  # its command, for interaction-data

    @property
    def ephemeral(self) -> bool:
        return self.session_id is not None


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
