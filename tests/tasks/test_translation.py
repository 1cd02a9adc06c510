from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tasks import translation
from tasks.enums import TranslateWay
from tasks.links import links_of
from tasks.models import DrawingSettings
from tasks.parameters import Parameter, parse
from tasks.prompts import tidy
from tasks.translation import translate
from tests.tasks.prompt_texts import HOSTILE, prompts
from tests.tasks.servers import Handler, Received, Server, always, never, serving

KEY = "sk-very-secret"
SECRET = "baidu-very-secret"
FOX = "一只红狐狸"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def choose(translator: str, **fields: Any) -> DrawingSettings:
    row = DrawingSettings.get_solo()
    values = {"translator": translator, "gpt_key": KEY, "baidu_secret": SECRET}
    for name, value in (values | {"baidu_app_id": "app7"} | fields).items():
        setattr(row, name, value)
    row.save()
    return row


def completion(content: Any, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"choices": [{"message": message, "finish_reason": "stop"} | choice]}


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
        choose(TranslateWay.GPT, translator_url=f"{server.origin}/v1", **fields)
        yield server


@contextmanager
def baidu(handler: Handler) -> Iterator[Server]:
    with serving(handler) as server:
        choose(TranslateWay.BAIDU, translator_url=f"{server.origin}/translate")
        yield server


def test_without_a_translator_nothing_is_asked() -> None:
    with serving() as server:
        choose(TranslateWay.NONE, translator_url=server.origin)

        assert translate(f"{FOX}  --ar 3:2") == f"{FOX}  --ar 3:2"

    assert server.calls == []


@pytest.mark.parametrize(
    "prompt", ["", "a red  fox\n", "きつね", "fox --ar 三:二", "https://x/狐狸.png fox"]
)
def test_what_has_no_chinese_words_is_not_asked_for(prompt: str) -> None:
    with gpt() as server:
        assert translate(prompt) == prompt

    assert server.calls == []


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


@pytest.mark.parametrize(
    ("prompt", "english"),
    [
        (f"{FOX} --ar 3:2 --v 7", "a red fox --ar 3:2 --v 7"),
        (f"{FOX}——ar 3:2", "a red fox --ar 3:2"),
        (f"https://x/1.png {FOX}", "https://x/1.png a red fox"),
        (f"<https://s.mj.run/a> <https://x/雪.png> {FOX} --sref https://x/2",
         "<https://s.mj.run/a> <https://x/雪.png> a red fox --sref https://x/2"),
        (f"{FOX} https://x/1.png 雪", "a red fox https://x/1.png snow"),
        (f"{FOX} --no 帽子, 鞋 --ar 3:2 --tile",
         "a red fox --no hats, shoes --ar 3:2 --tile"),
        ("a fox --ar 3:2 --NO 雪 --seed 7", "a fox --ar 3:2 --NO snow --seed 7"),
        ("a fox --no dogs --style 雪", "a fox --no dogs --style 雪"),
        (f"--ar 1:1 --no {FOX}", "--ar 1:1 --no a red fox"),
    ],
)  # fmt: skip
def test_links_and_parameters_stay_where_they_are(prompt: str, english: str) -> None:
    with gpt():
        assert translate(prompt) == english


answers = st.one_of(
    prompts, st.sampled_from(["--no fox", "——ar 1:1", "a --turbo b", "https://evil/x"])
)


@given(prompts, st.lists(answers, min_size=1, max_size=8))
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_no_answer_adds_or_takes_away_a_link_or_a_parameter(
    prompt: str, said: list[str]
) -> None:
    choose(TranslateWay.GPT)

    class Says:
        async def translate(self, session: object, lines: list[str]) -> list[str]:
            return [said[i % len(said)] for i in range(len(lines))]

    def shape(text: str) -> list[Parameter]:
        parameters = parse(text).parameters
        return [p if p.canonical != "no" else Parameter(p.name) for p in parameters]

    with mock.patch.object(translation, "chosen", return_value=Says()):
        english = translate(prompt)
    cache.clear()

    english.encode("utf-8" if english != prompt else "utf-16", "surrogatepass")
    assert links_of(english) == links_of(prompt)
    assert shape(tidy(english)) == shape(tidy(prompt))


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


def said(content: Any, **choice: Any) -> Handler:
    return always(body=json.dumps(completion(content, **choice)))


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
    "no content": said(None),
    "odd content": said(["a red fox"]),
    "empty content": said(" \n "),
    "only dashes": said("--- —"),
    "only a link": said("https://example.com/"),
    "cut off": said("a red", finish_reason="length"),
    "too long": said("fox " * 4000),
    "broken off": broken_off,
    "endless": endless,
    "compressed": always(body=b"x", headers={"Content-Encoding": "gzip"}),
    "Baidu's": always(body=json.dumps({"error_code": "54001", "error_msg": SECRET})),
}


@pytest.mark.parametrize("way", [TranslateWay.GPT, TranslateWay.BAIDU])
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_leaves_the_prompt_as_it_was(
    answer: Handler, way: TranslateWay, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = f"{FOX}  --no 雪 --ar 3:2"

    with gpt(answer) if way == TranslateWay.GPT else baidu(answer) as server:
        assert translate(prompt) == prompt

    assert server.calls
    (record,) = [r for r in caplog.records if r.name == "tasks.translation"]
    assert record.levelno == logging.WARNING
    assert not any(word in caplog.text for word in (KEY, SECRET, FOX, "雪", "app7"))


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
def test_other_lines_of_baidu_leave_the_prompt_as_it_was(rows: Any) -> None:
    with baidu(always(body=json.dumps({"trans_result": rows}))):
        assert translate(FOX) == FOX


def test_a_silent_translator_is_waited_for_as_long_as_is_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with gpt(never, translator_timeout=1) as server:
        assert translate(FOX) == FOX

    assert len(server.calls) == 1
    assert "timed out" in caplog.text


def test_a_translator_that_is_not_there_leaves_the_prompt(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with gpt():
        pass

    assert translate(FOX) == FOX
    assert "cannot connect" in caplog.text


@pytest.mark.parametrize(
    ("way", "missing"),
    [
        (TranslateWay.GPT, "gpt_key"),
        (TranslateWay.BAIDU, "baidu_secret"),
        (TranslateWay.BAIDU, "baidu_app_id"),
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
        monkeypatch.setattr(DrawingSettings, "get_solo", lambda: row)

        translated = translate(FOX)

    assert translated in (FOX, "a red fox")
    assert not any("x-evil" in call.headers for call in server.calls)


def test_a_secret_that_cannot_be_decrypted_concerns_the_translator_only() -> None:
    choose(TranslateWay.GPT)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_drawingsettings SET gpt_key = 'broken'")

    assert DrawingSettings.get_solo().keep_pictures
    assert translate(FOX) == FOX


def test_the_same_words_are_asked_for_once() -> None:
    with gpt() as server:
        assert translate(FOX) == translate(FOX) == "a red fox"
        assert translate(f"{FOX} --ar 3:2") == "a red fox --ar 3:2"

    assert len(server.calls) == 1


def test_another_model_is_asked_anew() -> None:
    with gpt() as server:
        translate(FOX)
        choose(TranslateWay.GPT, translator_url=f"{server.origin}/v1", gpt_model="m-2")
        translate(FOX)

    assert len(server.calls) == 2


def test_a_failure_is_not_remembered() -> None:
    with gpt(always(503)) as server:
        assert translate(FOX) == FOX
        server.handler = in_english(lambda line: DICTIONARY[line])

        assert translate(FOX) == "a red fox"


def test_without_a_cache_it_is_translated_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*args: object) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(translation.cache, "get", gone, raising=False)
    monkeypatch.setattr(translation.cache, "set", gone, raising=False)

    with gpt() as server:
        assert translate(FOX) == translate(FOX) == "a red fox"

    assert len(server.calls) == 2


def test_a_prompt_of_very_many_pieces_costs_no_questions() -> None:
    prompt = " https://x/1 ".join(f"雪{i}" for i in range(9))

    with gpt() as server:
        assert translate(prompt) == prompt

    assert server.calls == []


def test_no_secret_shows_in_a_translators_repr() -> None:
    for way in (TranslateWay.GPT, TranslateWay.BAIDU):
        shown = repr(translation.chosen(choose(way)))

        assert KEY not in shown
        assert SECRET not in shown


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(15)
def test_hostile_prompts_do_no_harm(prompt: str) -> None:
    with gpt(said("a red fox")):
        assert translate(f"{FOX} {prompt}")
