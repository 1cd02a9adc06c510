from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tasks.enums import TranslateWay
from tasks.models import TranslationSettings
from tasks.prompts import translation
from tasks.prompts.links import links_of
from tasks.prompts.parameters import Parameter, parse
from tasks.prompts.text import tidy
from tasks.prompts.translation import translate
from tests.http_server import always, never, serving
from tests.tasks.prompts.prompt_texts import HOSTILE, prompts
from tests.tasks.translator_servers import (
    DICTIONARY,
    FOX,
    choose,
    gpt,
    in_english,
    says,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_without_a_translator_nothing_is_asked() -> None:
    with serving() as server:
        choose(TranslateWay.NONE, translator_url=server.origin)

        assert translate(f"{FOX}  --ar 3:2") == f"{FOX}  --ar 3:2"

    assert server.calls == []


@pytest.mark.parametrize(
    "prompt",
    [
        *("", "a red  fox\n", "fox --ar 三:二", "https://x/狐狸.png fox"),
        *(
            "Ärger für Zoë, œuvre Ǆ",
            "ｆｏｘ 𝓯𝓸𝔁 5 µm² ½ ① Ⅷ π Å ℃",
            "狐".encode().hex(),
            "👩‍🚀 々",
        ),
    ],
)
def test_what_has_only_latin_words_is_not_asked_for(prompt: str) -> None:
    with gpt() as server:
        assert translate(prompt) == prompt

    assert server.calls == []


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
        ("雪 --style 雪", "snow --style 雪"),
        (f"--ar 1:1 --no {FOX}", "--ar 1:1 --no a red fox"),
    ],
)  # fmt: skip
def test_links_and_parameters_stay_where_they_are(prompt: str, english: str) -> None:
    with gpt():
        assert translate(prompt) == english


def test_of_an_answer_only_words_on_one_line_are_taken() -> None:
    said = " a \ud800red\0\r\nfox --turbo ——no dog https://example.com/ "

    with gpt(says(said)):
        assert translate(f"{FOX} --ar 1:1") == "a red fox turbo no dog --ar 1:1"


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
        async def translate(
            self, session: object, lines: list[str], target: object
        ) -> list[str]:
            return [said[i % len(said)] for i in range(len(lines))]

    def shape(text: str) -> list[Parameter]:
        parameters = parse(text).parameters
        return [p if p.canonical != "no" else Parameter(p.name) for p in parameters]

    with mock.patch.object(translation, "chosen", return_value=Says()):
        english = translate(prompt)
    cache.clear()

    assert links_of(english) == links_of(prompt)
    assert shape(tidy(english)) == shape(tidy(prompt))


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


def test_a_secret_that_cannot_be_decrypted_concerns_the_translator_only() -> None:
    choose(TranslateWay.GPT)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_translationsettings SET gpt_key = 'broken'")

    assert TranslationSettings.get_solo().scripts
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

    monkeypatch.setattr(cache, "get", gone)
    monkeypatch.setattr(cache, "set", gone)

    with gpt() as server:
        assert translate(FOX) == translate(FOX) == "a red fox"

    assert len(server.calls) == 2


def test_a_prompt_of_very_many_pieces_costs_no_questions() -> None:
    prompt = " https://x/1 ".join(f"雪{i}" for i in range(9))

    with gpt() as server:
        assert translate(prompt) == prompt

    assert server.calls == []


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(15)
def test_hostile_prompts_do_no_harm(prompt: str) -> None:
    with gpt(says("a red fox")):
        assert translate(f"{FOX} {prompt}")


# --- which prompts --------------------------------------------------------------------

WORDS = {
    "chinese": "一只狐狸",
    "japanese": "きつね ｷﾂﾈ",
    "korean": "여우",
    "cyrillic": "лиса",
    "arabic": "ثعلب",
    "thai": "หมาจิ้งจอก",
    "others": "αλεπού",
}


@pytest.mark.parametrize("script", WORDS)
def test_words_of_a_chosen_script_are_translated(script: str) -> None:
    others = " ".join(words for name, words in WORDS.items() if name != script)

    with gpt(says("a fox"), scripts=[script]) as server:
        assert translate(f"{WORDS[script]} --ar 3:2") == "a fox --ar 3:2"
        assert translate(others) == others

    assert len(server.calls) == 1


def test_every_script_is_chosen_from_the_beginning() -> None:
    with gpt(says("a fox")):
        for words in [*WORDS.values(), "लोमड़ी", "שועל", "მელა"]:
            assert translate(words) == "a fox"


@pytest.mark.parametrize(
    ("bot", "field"),
    [("MID_JOURNEY", "for_midjourney"), ("NIJI_JOURNEY", "for_niji")],
)
def test_each_bot_has_a_switch(bot: str, field: str) -> None:
    other = "NIJI_JOURNEY" if bot == "MID_JOURNEY" else "MID_JOURNEY"

    off: dict[str, Any] = {field: False}
    with gpt(**off) as server:
        assert translate(FOX, bot) == FOX
        assert server.calls == []
        assert translate(FOX, other) == "a red fox"
