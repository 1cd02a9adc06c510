from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.prompts.numbered import numbered
from tests.tasks.prompts.prompt_texts import HOSTILE

DESCRIBED = (
    "1️⃣ A fox resting on fresh snow, telephoto --ar 1:1\n\n"
    "2️⃣ Red fox, in the style of [Jane Doe](https://google.com/search?q=Jane+(Doe))"
    " --ar 1:1\n\n"
    "3️⃣ Minimal fox,\npaper texture --ar 1:1\n\n"
    "4️⃣ Close-up of a fox, [frost](<https://x/y>) on fur --ar 1:1"
)
ANALYSED = (
    "## Important tokens\na **red fox** standing in ~~very~~ deep **snow**\n"
    "1️⃣ no prompt\n\n"
    "## Shortened prompts\n1️⃣ red fox standing in deep snow\n2️⃣ red fox, deep snow\n"
    "3️⃣ red fox snow\n4️⃣ fox, snow\n5️⃣ fox"
)


def test_the_prompts_of_a_description_are_plain() -> None:
    assert numbered(DESCRIBED) == [
        "A fox resting on fresh snow, telephoto --ar 1:1",
        "Red fox, in the style of Jane Doe --ar 1:1",
        "Minimal fox, paper texture --ar 1:1",
        "Close-up of a fox, frost on fur --ar 1:1",
    ]


def test_of_an_analysis_only_the_shortened_prompts_count() -> None:
    assert numbered(ANALYSED) == [
        "red fox standing in deep snow",
        "red fox, deep snow",
        "red fox snow",
        "fox, snow",
        "fox",
    ]


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("", []),
        ("\n \n", []),
        ("a fox\n\na dog,\nred", ["a fox", "a dog, red"]),
        ("1️⃣ a fox\n\n3️⃣ a dog", ["a fox", "", "a dog"]),
        ("2️⃣ a dog", ["", "a dog"]),
        ("3️⃣ c\n1️⃣ a\n2️⃣ b", ["a", "b", "c"]),
        ("1️⃣ a\n1️⃣ again", ["a"]),
        ("1\u20e3 no selector", ["no selector"]),
        ("Here:\n1️⃣ a fox with a 2️⃣ on it", ["a fox with a 2️⃣ on it"]),
        ("1. a fox\n2) 3.5 dogs", ["a fox", "3.5 dogs"]),
        ("1️⃣ a\n2. still a", ["a 2. still a"]),
        ("1️⃣\n\n2️⃣ b", ["", "b"]),
        ("9️⃣ i\n🔟 j", ["", "", "", "", "", "", "", "", "i", "j"]),
        ("1️⃣ [red] (fox) [a](b c)", ["[red] (fox) [a](b c)"]),
        ('1️⃣ [a](https://x "title") fox', ["a fox"]),
    ],
)
def test_lists_as_they_may_come(text: str, prompts: list[str]) -> None:
    assert numbered(text) == prompts


@given(
    st.lists(
        st.text(alphabet="ab ,-狐:", min_size=1).map(lambda s: " ".join(s.split())),
        min_size=1,
        max_size=9,
    )
)
def test_a_list_comes_back_as_it_was_written(prompts: list[str]) -> None:
    text = "\n\n".join(f"{n}\ufe0f\u20e3 {p}" for n, p in enumerate(prompts, start=1))

    assert numbered(text) == prompts


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_hostile_texts_do_no_harm(text: str) -> None:
    assert all(prompt == prompt.strip() for prompt in numbered(text))
