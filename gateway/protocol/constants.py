"""Numbers and names of Discord and Midjourney (docs/protocol.md, constants)."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum
from typing import Final

MIDJOURNEY_APP: Final = "936929561302675456"
NIJI_APP: Final = "1022952195194359889"
BOT_IDS: Final = frozenset({MIDJOURNEY_APP, NIJI_APP})

# The reaction that asks the bot for a job's seed.
ENVELOPE: Final = "✉️"


class InteractionType(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    MODAL_SUBMIT = 5


class CommandType(IntEnum):
    CHAT = 1
    USER = 2
    MESSAGE = 3


class OptionType(IntEnum):
    SUBCOMMAND = 1
    STRING = 3
    ATTACHMENT = 11


class ComponentType(IntEnum):
    ROW = 1
    BUTTON = 2
    SELECT = 3
    TEXT_INPUT = 4
    TEXT_DISPLAY = 10


class ButtonStyle(IntEnum):
    SUCCESS = 3  # a switch of the settings panel that is on
    LINK = 5


class MessageType(IntEnum):
    REPLY = 19


class MessageFlag(IntFlag):
    EPHEMERAL = 64
    LOADING = 128


class CloseCode(IntEnum):
    """Codes with which Discord closes a gateway socket."""

    NORMAL = 1000
    UNKNOWN_ERROR = 4000
    AUTHENTICATION_FAILED = 4004
    INVALID_SHARD = 4010
    SHARDING_REQUIRED = 4011
    INVALID_API_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014
    TOO_MANY_SESSIONS = 4015


# A person must look at the account before it may connect again.
FATAL_CLOSE_CODES: Final = frozenset(
    {
        CloseCode.AUTHENTICATION_FAILED,
        CloseCode.INVALID_SHARD,
        CloseCode.SHARDING_REQUIRED,
        CloseCode.INVALID_API_VERSION,
        CloseCode.INVALID_INTENTS,
        CloseCode.DISALLOWED_INTENTS,
    }
)


class Event(StrEnum):
    """Gateway events that are handled; all others are dropped."""

    READY = "READY"
    RESUMED = "RESUMED"
    MESSAGE_CREATE = "MESSAGE_CREATE"
    MESSAGE_UPDATE = "MESSAGE_UPDATE"
    MESSAGE_DELETE = "MESSAGE_DELETE"
    MESSAGE_DELETE_BULK = "MESSAGE_DELETE_BULK"
    INTERACTION_CREATE = "INTERACTION_CREATE"
    INTERACTION_SUCCESS = "INTERACTION_SUCCESS"
    INTERACTION_FAILURE = "INTERACTION_FAILURE"
    INTERACTION_MODAL_CREATE = "INTERACTION_MODAL_CREATE"
    INTERACTION_IFRAME_MODAL_CREATE = "INTERACTION_IFRAME_MODAL_CREATE"
