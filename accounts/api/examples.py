"""Examples of requests and responses about accounts, for the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drf_spectacular.utils import OpenApiExample

from mjproxy.lib.dialect.examples import operated

CHANNEL: Final = "1400000000000000007"
ACCOUNT: Final[dict[str, object]] = {
    "id": "1",
    "channelId": CHANNEL,
    "instanceId": CHANNEL,
    "enable": True,
    "running": True,
    "mode": None,
    "enableMj": True,
    "enableNiji": True,
    "coreSize": 3,
    "allowModes": [],
    "isBlend": True,
    "isDescribe": True,
    "isShorten": True,
    "remixAutoSubmit": False,
    "mjRemixOn": False,
    "nijiRemixOn": False,
    "fastExhausted": False,
}
# The same account for operators.
OPERATORS_ACCOUNT: Final = ACCOUNT | {
    "guildId": "1118138338562560101",
    "userToken": "****",
    "remark": "first",
    "group": "night",
    "subChannels": [f"https://discord.com/channels/1118138338562560101/{'3' * 19}"],
    "subChannelValues": {"3" * 19: "1118138338562560101"},
    "workTime": "09:00-17:30, 22:00-02:00",
    "fishingTime": "",
    "isAcceptNewTask": True,
    "dayDrawLimit": -1,
    "dayDrawCount": 12,
    "maxQueueSize": 100,
    "interval": 1.2,
    "state": "ready",
    "disabledReason": "",
    "lock": False,
    "runningCount": 1,
    "queueCount": 0,
    "dateCreated": "2026-11-18T11:06:40+00:00",
    "displays": {"mode": "Fast"},
}
PAGE: Final = {"current": 1, "pageSize": 10, "total": 1, "pageCount": 1}


def id_of(data: Mapping[str, object]) -> dict[str, object]:
    """Return the id of the written row, as members for the top level of a response."""
    # Scripts read it there or inside the envelope's data.
    return {"id": data["id"]} if "id" in data else {}


def done(**data: object) -> OpenApiExample:
    """Return an example of a successful operation."""
    value = {**operated(data or None), **id_of(data)}
    return OpenApiExample("done", value=value, response_only=True)
