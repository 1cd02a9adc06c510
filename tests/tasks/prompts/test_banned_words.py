from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.prompts.banned_words import first_banned_word
from tests.tasks.prompts.prompt_texts import HOSTILE


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a nude fox", "nude"),
        ("a NUDE fox", "NUDE"),
        ("nude", "nude"),
        ("(nude), fox", "nude"),
        ("denuded fox", None),
        ("nude_fox", None),
        ("nudeé fox", None),
        ("éNude", None),
        ("c++ fox", "c++"),
        ("blood \n BATH", "blood \n BATH"),
        ("bloodbath", None),
        ("ÄRGER im Wald", "ÄRGER"),
        ("обнажённая лиса", None),
        ("ОБНАЖЁННЫЙ лис", "ОБНАЖЁННЫЙ"),
        ("一只裸体狐狸", "裸体"),
        ("一只nude狐狸", "nude"),
        ("裸体fox", "裸体"),
        ("a fox", None),
        ("", None),
    ],
)
def test_banned_words_are_whole_words_in_any_case(
    prompt: str, found: str | None
) -> None:
    words = ["nude", "c++", "", "  ", "blood  bath", "ärger", "обнажённый", "裸体"]

    assert first_banned_word(prompt, words) == found


def test_without_words_nothing_is_banned() -> None:
    assert first_banned_word("a fox", []) is None
    assert first_banned_word("", ["", " "]) is None


def test_the_first_in_the_prompt_is_told() -> None:
    assert first_banned_word("a gore nude fox", ["nude", "gore"]) == "gore"


def test_a_longer_word_is_found_where_a_shorter_begins_it() -> None:
    assert first_banned_word("a nudes fox", ["nude", "nudes", "n"]) == "nudes"


def test_another_list_is_another_answer() -> None:
    assert first_banned_word("a red fox", ["red"]) == "red"
    assert first_banned_word("a red fox", ["fox"]) == "fox"


@given(st.text(), st.lists(st.text()))
def test_what_is_called_banned_stands_in_the_prompt(
    prompt: str, words: list[str]
) -> None:
    found = first_banned_word(prompt, words)

    assert found is None or (found and found in prompt)


@given(
    st.lists(st.text(alphabet="ab+(.* \\狐", min_size=1), min_size=1),
    st.sampled_from(["", "fox "]),
)
def test_a_word_alone_is_always_found(words: list[str], before: str) -> None:
    word = " ".join(words[-1].split())

    assert not word or first_banned_word(f"{before}{word}, fox", words)


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_a_thousand_words_and_a_hostile_prompt_do_no_harm(prompt: str) -> None:
    words = [f"word{number}" for number in range(1000)]

    assert first_banned_word(prompt, [*words, "blood bath", "(a+)+$"]) is None
