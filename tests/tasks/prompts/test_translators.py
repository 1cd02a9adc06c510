from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from tasks.enums import TranslateWay
from tasks.models import TranslationSettings
from tasks.prompts import translators
from tasks.prompts.translation import translate
from tasks.prompts.translators import chosen
from tests.http_server import Handler, always, serving
from tests.tasks.translator_servers import (
    DEEPL_KEY,
    FOX,
    KEY,
    SECRET,
    asked,
    baidu,
    choose,
    completion,
    deepl,
    deepl_says,
    gpt,
    says,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_a_chat_model_is_asked_as_its_api_wants() -> None:
    with gpt(gpt_model="m-1", gpt_max_tokens=99, gpt_temperature=0.5) as server:
        assert translate(FOX) == "a red fox"

    (call,) = server.calls
    body = json.loads(call.body)
    assert (call.method, call.path) == ("POST", "/v1/chat/completions")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m-1", 99, 0.5)
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert asked(call) == FOX


@pytest.mark.parametrize(
    ("ending", "target"),
    [
        ("/a%2Fb/(v1)", "/a%2Fb/(v1)/chat/completions"),
        ("/v1?api-version=2026%2B1", "/v1/chat/completions?api-version=2026%2B1"),
        ("/v1/chat/completions?a[0]=%2f", "/v1/chat/completions?a[0]=%2f"),
    ],
)
def test_a_translator_is_asked_byte_for_byte(ending: str, target: str) -> None:
    with gpt() as server:
        choose(TranslateWay.GPT, translator_url=server.origin + ending)
        translate(FOX)

    assert server.calls[0].target == target


@pytest.mark.parametrize("ending", ["/v1/", "/v1/chat/completions"])
def test_the_address_may_be_written_either_way(ending: str) -> None:
    with gpt() as server:
        choose(TranslateWay.GPT, translator_url=server.origin + ending)
        translate(FOX)

    assert server.calls[0].path == "/v1/chat/completions"


def test_baidu_is_asked_with_a_signed_form() -> None:
    rows = [{"src": FOX, "dst": "A red fox"}, {"src": "雪", "dst": "snow"}]
    with baidu(always(body=json.dumps({"trans_result": rows}))) as server:
        assert translate(f"{FOX} --no 雪") == "A red fox --no snow"

    (call,) = server.calls
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    signed = f"app7{FOX}\n雪{form['salt']}{SECRET}"
    assert call.path == "/translate"
    assert form == {
        "q": f"{FOX}\n雪",
        "from": "zh",
        "to": "en",
        "appid": "app7",
        "salt": form["salt"],
        "sign": hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest(),
    }


@pytest.mark.parametrize(("words", "source"), [("きつね", "auto"), ("雪 fox", "zh")])
def test_baidu_finds_out_the_language_where_it_is_not_only_chinese(
    words: str, source: str
) -> None:
    with baidu(always(body=json.dumps({"trans_result": [{"dst": "a fox"}]}))) as server:
        assert translate(words) == "a fox"

    assert parse_qs(server.calls[0].body.decode())["from"] == [source]


def test_deepl_is_asked_as_its_api_wants() -> None:
    with deepl(deepl_says("a red fox", "snow")) as server:
        assert translate(f"{FOX} --no 雪") == "a red fox --no snow"

    (call,) = server.calls
    assert (call.method, call.path) == ("POST", "/v2/translate")
    assert call.headers["authorization"] == f"DeepL-Auth-Key {DEEPL_KEY}"
    assert json.loads(call.body) == {"text": [FOX, "雪"], "target_lang": "EN-US"}


@pytest.mark.parametrize(
    ("key", "host"),
    [("abc:fx", "api-free.deepl.com"), ("abc", "api.deepl.com")],
)
def test_a_key_of_deepl_goes_to_the_host_of_its_plan(
    key: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def post(session: Any, url: str, **kwargs: Any) -> Any:
        asked.append(url)
        return {"translations": [{"text": "a fox"}]}

    monkeypatch.setattr(translators, "_post", post)
    choose(TranslateWay.DEEPL, deepl_key=key, translator_url="")

    assert translate(FOX) == "a fox"
    assert asked == [f"https://{host}/v2/translate"]


@pytest.mark.parametrize(
    "rows", [None, [], {}, "x", [None], ["x"], [{}], [{"text": 7}], [{"text": " "}]]
)
def test_another_answer_of_deepl_leaves_the_prompt_as_it_was(rows: Any) -> None:
    with deepl(always(body=json.dumps({"translations": rows}))) as server:
        assert translate(FOX) == FOX

    assert len(server.calls) == 1


def test_a_model_that_repeats_its_instruction_is_not_believed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def parrot(request: web.Request) -> web.Response:
        said = (await request.json())["messages"][0]["content"]
        return web.json_response(completion(said))

    with gpt(parrot):
        assert translate(FOX) == FOX

    assert "repeats the instruction" in caplog.text


async def broken_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.close()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65536)
        await asyncio.sleep(0)


SERVERS: dict[TranslateWay, Any] = {
    TranslateWay.GPT: gpt,
    TranslateWay.BAIDU: baidu,
    TranslateWay.DEEPL: deepl,
}
BAD_ANSWERS = {
    "refused": always(401, body=json.dumps({"error": KEY})),
    "busy": always(503),
    "elsewhere": always(302, headers={"Location": "/v1/other"}),
    "no JSON": always(body=f"<html>{KEY}{FOX}</html>"),
    "deep JSON": always(body="[" * 100_000),
    "a list": always(body="[]"),
    "null": always(body="null"),
    "not UTF-8": always(body=b'{"choices": "\xff"}'),
    "no choices": always(body="{}"),
    "empty choices": always(body=json.dumps({"choices": []})),
    "odd choices": always(body=json.dumps({"choices": {"0": 1}})),
    "odd choice": always(body=json.dumps({"choices": ["a red fox"]})),
    "no message": always(body=json.dumps({"choices": [{"message": None}]})),
    "no content": says(None),
    "odd content": says(["a red fox"]),
    "empty content": says(" \n "),
    "only dashes": says("--- —"),
    "only a link": says("https://example.com/"),
    "cut off": says("a red", finish_reason="length"),
    "too long": says("fox " * 4000),
    "broken off": broken_off,
    "endless": endless,
    "two megabytes": always(body=b" " * 2_000_000),
    "over quota": always(456),
    "compressed": always(body=b"x", headers={"Content-Encoding": "gzip"}),
    "Baidu's": always(body=json.dumps({"error_code": "54001", "error_msg": SECRET})),
}


@pytest.mark.parametrize(
    "way", [TranslateWay.GPT, TranslateWay.BAIDU, TranslateWay.DEEPL]
)
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_leaves_the_prompt_as_it_was(
    answer: Handler, way: TranslateWay, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = f"{FOX}  --no 雪 --ar 3:2"

    with SERVERS[way](answer) as server:
        assert translate(prompt) == prompt

    assert server.calls
    (record,) = [r for r in caplog.records if r.name == "tasks.prompts.translation"]
    assert record.levelno == logging.WARNING
    assert not any(
        word in caplog.text for word in (KEY, SECRET, DEEPL_KEY, FOX, "雪", "app7")
    )


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        {},
        "text",
        [None],
        ["a red fox"],
        [{"src": FOX}],
        [{"dst": 7}],
        [{"dst": "a"}, {"dst": "b"}],
    ],
)
def test_other_lines_of_baidu_leave_the_prompt_as_it_was(
    rows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with baidu(always(body=json.dumps({"trans_result": rows}))):
        assert translate(FOX) == FOX

    assert "answer" in caplog.text


def test_a_redirect_is_not_followed() -> None:
    async def moved(request: web.Request) -> web.Response:
        if request.path.endswith("/completions"):
            raise web.HTTPTemporaryRedirect("/elsewhere")
        return web.json_response(completion("a red fox"))

    with gpt(moved) as server:
        assert translate(FOX) == FOX

    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("way", "missing"),
    [
        (TranslateWay.GPT, "gpt_key"),
        (TranslateWay.BAIDU, "baidu_secret"),
        (TranslateWay.BAIDU, "baidu_app_id"),
        (TranslateWay.DEEPL, "deepl_key"),
    ],
)
def test_without_credentials_nobody_is_asked(way: TranslateWay, missing: str) -> None:
    with serving() as server:
        choose(way, translator_url=server.origin, **{missing: ""})

        assert translate(FOX) == FOX

    assert server.calls == []


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "\ud800", "密"])
def test_a_key_that_fits_no_header_leaves_the_prompt(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gpt() as server:
        row = choose(TranslateWay.GPT, translator_url=server.origin)
        row.gpt_key = key
        monkeypatch.setattr(TranslationSettings, "get_solo", lambda: row)

        translated = translate(FOX)

    assert translated in (FOX, "a red fox")
    assert not any("x-evil" in call.headers for call in server.calls)


def test_no_secret_shows_in_a_translators_repr() -> None:
    for way in SERVERS:
        shown = repr(chosen(choose(way)))

        assert KEY not in shown
        assert SECRET not in shown
        assert DEEPL_KEY not in shown
