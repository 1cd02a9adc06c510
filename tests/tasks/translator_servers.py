"""Translators on loopback, chosen in the drawing settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from tasks.enums import TranslateWay
from tasks.models import TranslationSettings
from tests.http_server import Handler, Received, Server, always, serving

KEY = "sk-very-secret"
SECRET = "baidu-very-secret"
DEEPL_KEY = "deepl-very-secret:fx"
FOX = "一只红狐狸"


def choose(translator: str, **fields: Any) -> TranslationSettings:
    row = TranslationSettings.get_solo()
    values = {"translator": translator, "gpt_key": KEY, "baidu_secret": SECRET}
    values |= {"baidu_app_id": "app7", "deepl_key": DEEPL_KEY}
    for name, value in (values | fields).items():
        setattr(row, name, value)
    row.save()
    return row


def completion(content: Any, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"choices": [{"message": message, "finish_reason": "stop"} | choice]}


def says(content: Any, **choice: Any) -> Handler:
    return always(body=json.dumps(completion(content, **choice)))


def asked(call: Received) -> str:
    return str(json.loads(call.body)["messages"][-1]["content"])


def in_english(words: Callable[[str], str]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        line = (await request.json())["messages"][-1]["content"]
        return web.json_response(completion(words(line)))

    return handler


DICTIONARY = {FOX: "a red fox", "雪": "snow", "帽子, 鞋": "hats, shoes"}


@contextmanager
def gpt(handler: Handler | None = None, **fields: Any) -> Iterator[Server]:
    with serving(handler or in_english(lambda line: DICTIONARY[line])) as server:
        choose(
            **{"translator": TranslateWay.GPT, "translator_url": f"{server.origin}/v1"}
            | fields
        )
        yield server


@contextmanager
def baidu(handler: Handler, **fields: Any) -> Iterator[Server]:
    with serving(handler) as server:
        choose(
            TranslateWay.BAIDU, translator_url=f"{server.origin}/translate", **fields
        )
        yield server


@contextmanager
def deepl(handler: Handler, **fields: Any) -> Iterator[Server]:
    with serving(handler) as server:
        address = f"{server.origin}/v2/translate"
        choose(TranslateWay.DEEPL, translator_url=address, **fields)
        yield server


def deepl_says(*lines: Any) -> Handler:
    rows = [{"detected_source_language": "ZH", "text": line} for line in lines]
    return always(body=json.dumps({"translations": rows}))
