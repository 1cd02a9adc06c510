"""Accounts of the simulator: their fixed facts and their present state."""

import base64
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.state.preferences import Preferences

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
