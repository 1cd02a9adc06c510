from __future__ import annotations

import pytest
from hypothesis import given

from tasks.prompts.parameters import Parameter, Prompt, parse
from tests.tasks.prompts.prompt_texts import HOSTILE, prompts


def test_a_prompt_is_taken_apart_in_order() -> None:
    prompt = parse(
        "https://x/1.png a red fox --AR 3:2 --stylize 50 --tile "
        "--no hats, red  shoes --mystery 1 2 --v 6.1"
    )

    assert prompt.text == "https://x/1.png a red fox"
    assert prompt.parameters == (
        Parameter("AR", "3:2"),
        Parameter("stylize", "50"),
        Parameter("tile"),
        Parameter("no", "hats, red shoes"),
        Parameter("mystery", "1 2"),
        Parameter("v", "6.1"),
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("aspect", "ar"),
        ("Stylize", "s"),
        ("VERSION", "v"),
        ("quality", "q"),
        ("chaos", "c"),
        ("weird", "w"),
        ("ar", "ar"),
        ("niji", "niji"),
        ("seed", "seed"),
        ("Mystery", "mystery"),
    ],
)
def test_names_that_mean_the_same_have_one_canonical(
    written: str, canonical: str
) -> None:
    assert parse(f"fox --{written} 1").values(canonical) == ["1"]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", Prompt("")),
        ("--ar 3:2", Prompt("", (Parameter("ar", "3:2"),))),
        ("well--known fox", Prompt("well--known fox")),
        ("a -- b", Prompt("a -- b")),
        ("a --5 b", Prompt("a --5 b")),
        ("fox --v6", Prompt("fox", (Parameter("v6"),))),
        ("{a, b} --ar {3:2, 1:1}",
         Prompt("{a, b}", (Parameter("ar", "{3:2, 1:1}"),))),
        ("https://x/--no", Prompt("https://x/--no")),
    ],
)  # fmt: skip
def test_what_begins_a_parameter(text: str, parsed: Prompt) -> None:
    assert parse(text) == parsed


@given(prompts)
def test_nothing_but_blanks_is_lost_on_the_way_and_back(prompt: str) -> None:
    assert str(parse(prompt)) == " ".join(prompt.split())


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_hostile_prompts_do_no_harm(prompt: str) -> None:
    assert str(parse(prompt)) == " ".join(prompt.split())
