"""Ports: interfaces that apps above implement and register in their `ready()`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from django.db.models import IntegerField, QuerySet, Value

from accounts.models import DiscordAccount
from mjproxy.lib.port import Port

Counts = Mapping[int, int]  # row id of an account to number of tasks
# field to pairs of server id and channel id
Channels = Mapping[str, list[tuple[str, str]]]


class Load(Protocol):
    """The numbers of tasks that run and wait at each account."""

    def counts(self) -> tuple[Counts, Counts]:
        """Return the numbers of running and of waiting tasks; 0 is left out."""

    def of_users(self, user_ids: Collection[int]) -> Mapping[int, tuple[int, int]]:
        """Return the numbers of waiting and of running tasks, by user."""

    def with_counts(
        self, accounts: QuerySet[DiscordAccount]
    ) -> QuerySet[DiscordAccount]:
        """Return the accounts with `running` and `waiting`, to show and to sort by."""


class AccountCheck(Protocol):
    """The check at Discord of an account that is about to be saved."""

    def __call__(
        self, account: DiscordAccount, channels: Channels, /
    ) -> Mapping[str, list[str]]:
        """Return errors by field. Takes seconds: do not call it in a transaction."""


class BotPanel(Protocol):
    """The bots of an account, for the account's page in the admin."""

    def shown(self, account: DiscordAccount) -> Mapping[str, object]:
        """Return the context of `accounts/bots.html`."""

    def ask(self, account: DiscordAccount, said: Mapping[str, str]) -> None:
        """Send the question of a button of the page. Raises AccountsError."""

    def sync(self, account: DiscordAccount) -> None:
        """Request the account's plan and settings from its bots."""


class _NoLoad:
    def counts(self) -> tuple[Counts, Counts]:
        return {}, {}

    def of_users(self, user_ids: Collection[int]) -> Mapping[int, tuple[int, int]]:
        return {}

    def with_counts(
        self, accounts: QuerySet[DiscordAccount]
    ) -> QuerySet[DiscordAccount]:
        none = Value(0, output_field=IntegerField())
        return accounts.annotate(running=none, waiting=none)


class _NoBots:
    def shown(self, account: DiscordAccount) -> Mapping[str, object]:
        return {}

    def ask(self, account: DiscordAccount, said: Mapping[str, str]) -> None:
        return None

    def sync(self, account: DiscordAccount) -> None:
        return None


def _nothing_wrong(
    account: DiscordAccount, channels: Channels, /
) -> Mapping[str, list[str]]:
    return {}


load: Final[Port[Load]] = Port(_NoLoad())
account_check: Final[Port[AccountCheck]] = Port(_nothing_wrong)
bot_panel: Final[Port[BotPanel]] = Port(_NoBots())
