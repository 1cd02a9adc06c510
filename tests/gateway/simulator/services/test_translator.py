from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from gateway.simulator.services.dictionary import to_chinese, to_english
from gateway.simulator.services.translator import KEY, PATH
from tests.gateway.simulator.client import running


async def ask(body: Any, key: str = KEY) -> tuple[int, Any]:
    headers = {"Authorization": f"DeepL-Auth-Key {key}"}
    async with (
        running() as simulator,
        aiohttp.ClientSession() as http,
        http.post(simulator.url + PATH, json=body, headers=headers) as said,
    ):
        return said.status, await said.json()


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("一只红色的狐狸", "a red fox"),
        ("海边的灯塔，日落", "seaside lighthouse, sunset"),
        ("一座古老的寺庙", "an old temple"),
        ("猫和[dog]", "cat and [dog]"),
        ("", ""),
    ],
)
def test_common_words_become_english(chinese: str, english: str) -> None:
    assert to_english(chinese) == english


def test_unknown_words_are_seen_in_brackets() -> None:
    assert to_english("饕餮和猫") == "[饕餮] and cat"
    assert to_chinese("a zeppelin, Sunset") == "一只[zeppelin]，日落"


async def test_each_line_gets_its_translation() -> None:
    status, said = await ask({"text": ["红色的猫", "雪"], "target_lang": "EN-US"})

    assert status == 200
    assert [row["text"] for row in said["translations"]] == ["red cat", "snow"]


async def test_english_goes_back() -> None:
    _, said = await ask({"text": ["a red fox"], "target_lang": "ZH-HANS"})

    assert said["translations"][0]["text"] == "一只红色的狐狸"


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"text": [], "target_lang": "ZH"}, {"text": "x", "target_lang": "ZH"}),
        *({"text": [1], "target_lang": "ZH"}, {"text": ["x"], "target_lang": "FR"}),
        {"text": ["x"] * 51, "target_lang": "EN"},
    ],
)
async def test_wrong_requests_are_refused(body: Any) -> None:
    assert (await ask(body))[0] == 400


async def test_another_key_is_refused() -> None:
    body = {"text": ["x"], "target_lang": "ZH"}

    assert (await ask(body, "another"))[0] == 403
