"""Ports: interfaces that the app above implements and registers in its `ready()`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from django.conf import settings

from mjproxy.lib.port import Port


@dataclass(frozen=True)
class Lane:
    """The sending side of an account, which accounts of one user share."""

    accounts: frozenset[int]
    core_size: int
    is_connected: bool
    next_send_at: datetime | None = None
    rest_until: datetime | None = None
    rest_reason: str = ""


class Lanes(Protocol):
    """The lanes of accounts."""

    def __call__(self, account_ids: Collection[int], /) -> Mapping[int, Lane]:
        """Return the lanes that are known, by the accounts' row ids."""


class OptionLimit(Protocol):
    """The longest prompt that a bot's command takes."""

    def __call__(self, bot_type: str, command: str, /) -> int:
        """Return the number of characters. Called with every submit."""


class CdnBase(Protocol):
    """The base address of Discord's CDN."""

    def __call__(self) -> str:
        """Return the address that stands in for it. May ask the database."""


class SettingWriter(Protocol):
    """The settings of all apps, by the names that the dialect has."""

    def __call__(self, name: str, value: object, /) -> None:
        """Write one member. Raises LookupError if none is taken so, InvalidField."""


OPTION_LIMIT: Final = 6000  # characters, where Discord names no limit


def _own_lanes(account_ids: Collection[int], /) -> Mapping[int, Lane]:
    return {}


def _usual_limit(bot_type: str, command: str, /) -> int:
    return OPTION_LIMIT


def _no_settings(name: str, value: object, /) -> None:
    raise LookupError("there is no such setting here")


def configured_cdn() -> str:
    """Return the CDN that the environment names."""
    return str(settings.DISCORD["cdn"])


lanes: Final[Port[Lanes]] = Port(_own_lanes)
option_limit: Final[Port[OptionLimit]] = Port(_usual_limit)
cdn_base: Final[Port[CdnBase]] = Port(configured_cdn)
setting_writer: Final[Port[SettingWriter]] = Port(_no_settings)
