from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import SpeedMode
from tasks.prompts import (
    echo_key,
    first_banned_word,
    tidy,
    with_speed,
    without_speed,
    words_of,
)


@given(st.text())
def test_tidy_leaves_one_line_and_nothing_more_to_tidy(prompt: str) -> None:
    tidied = tidy(prompt)

    assert "\n" not in tidied
    assert "  " not in tidied
    assert tidied == tidied.strip()


@pytest.mark.parametrize("mode", SpeedMode)
@given(prompt=st.text(alphabet="ab --fastrelxubo"))
def test_one_speed_flag_is_left_and_it_is_the_wanted_one(
    mode: SpeedMode, prompt: str
) -> None:
    sent = with_speed(prompt, mode)

    assert sent.endswith(f"--{mode.value.lower()}")
    assert without_speed(without_speed(sent)) == without_speed(sent)


def test_without_a_speed_the_prompt_is_not_touched() -> None:
    assert with_speed("a fox  --fast", "") == "a fox  --fast"


@given(st.text())
def test_an_echo_key_is_never_empty_and_always_the_same(prompt: str) -> None:
    assert len(echo_key(prompt)) == 32
    assert echo_key(prompt) == echo_key(prompt)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A red fox", "a red  fox"),
        ("a red fox --ar 3:2", "a red fox --v 6.1"),
        ("a “red” fox", 'a "red" fox'),
        ("https://x/1.png fox", "<https://s.mj.run/abc> fox"),
    ],
)
def test_what_midjourney_rewrites_does_not_change_the_key(one: str, other: str) -> None:
    assert echo_key(one) == echo_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("red fox", "red dog"),
        ("狐狸", "狗"),
        ("https://x/1 https://x/2", "https://x/1"),
    ],
)
def test_other_words_have_another_key(one: str, other: str) -> None:
    assert echo_key(one) != echo_key(other)


def test_words_end_where_parameters_begin() -> None:
    assert words_of("a fox, 2 dogs --ar 3:2 --no hats") == "afox2dogs"


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a nude fox", "nude"),
        ("a NUDE fox", "NUDE"),
        ("nude", "nude"),
        ("denuded fox", None),
        ("nude_fox", None),
        ("c++ fox", "c++"),
    ],
)
def test_banned_words_are_whole_words_in_any_case(
    prompt: str, found: str | None
) -> None:
    assert first_banned_word(prompt, ["nude", "c++", ""]) == found


@given(st.text(), st.lists(st.text()))
def test_what_is_called_banned_stands_in_the_prompt(
    prompt: str, words: list[str]
) -> None:
    found = first_banned_word(prompt, words)

    assert found is None or found in prompt
