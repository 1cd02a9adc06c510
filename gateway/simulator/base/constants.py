"""Constants that Discord and Midjourney define: ids, hosts, codes, colours."""

from enum import IntEnum

MIDJOURNEY = "936929561302675456"
NIJI = "1022952195194359889"

BOT_NAMES = {MIDJOURNEY: "Midjourney Bot", NIJI: "niji・journey Bot"}
BOT_AVATARS = {MIDJOURNEY: "f6ce562a6b4979c4b1cbc5b436d3be76", NIJI: None}

DISCORD_EPOCH_MS = 1420070400000

CDN_HOST = "https://cdn.discordapp.com"
MEDIA_HOST = "https://media.discordapp.net"
SHORT_HOST = "https://s.mj.run"
MJ_CDN_HOST = "https://cdn.midjourney.com"
GATEWAY_HOST = "wss://gateway.discord.gg"
RESUME_HOST = "wss://gateway-us-east1-b.discord.gg"


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    GUILD_SUBSCRIBE = 14
    BULK_GUILD_SUBSCRIBE = 37
    QOS_HEARTBEAT = 40
    TIME_SPENT = 41


class Kind(IntEnum):
    """Types of an interaction request."""

    COMMAND = 2
    COMPONENT = 3
    MODAL = 5


class Flags(IntEnum):
    """Message flags that the simulator uses."""

    EPHEMERAL = 64
    LOADING = 128


class Colour(IntEnum):
    """Embed colours that the bots use."""

    RED = 16711680
    NEW_RED = 15548997
    YELLOW = 16776960
    AMBER = 16239475
    GREEN = 65280


RED_CROSS = "❌"
ENVELOPES = ("✉️", "✉")
