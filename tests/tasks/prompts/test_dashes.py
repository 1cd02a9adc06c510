"""Dashes of any kind in front of a parameter, and in ordinary text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.prompts.dashes import mended
from tasks.prompts.parameters import parse
from tasks.prompts.text import sent_prompt, tidy, words_of
from tests.tasks.prompts.prompt_texts import HOSTILE

# Every dash that Unicode knows, the minus sign, and what looks like them.
DASHES = [
    char
    for char in map(chr, range(0x110000))
    if unicodedata.category(char) == "Pd"
    or unicodedata.normalize("NFKC", char) in ("-", "\u2212")
]
NAMED = "‐‑‒–—―−﹣－﹘"


def test_the_known_ones_are_among_them() -> None:
    assert set(NAMED) <= set(DASHES)


@pytest.mark.parametrize("dash", DASHES)
def test_two_of_any_kind_lead_a_parameter(dash: str) -> None:
    assert tidy(f"a fox {dash}{dash}ar 3:2") == "a fox --ar 3:2"
    assert tidy(f"a fox -{dash}tile") == "a fox --tile"
    assert tidy(f"一只狐狸{dash}{dash}v 7") == "一只狐狸 --v 7"


@pytest.mark.parametrize("dash", [dash for dash in DASHES if dash != "-"])
def test_one_leads_a_parameter_where_a_value_of_its_kind_follows(dash: str) -> None:
    assert tidy(f"a fox {dash}ar 3:2 {dash}tile") == "a fox --ar 3:2 --tile"
    assert tidy(f"a fox {dash}s 250") == "a fox --s 250"
    assert tidy(f"a fox {dash}no hats, snow") == "a fox --no hats, snow"


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize(
    "text",
    [
        "pages 10{0}20",
        "a well{0}known fox",
        "a fox {0} no dog",
        "Paris {0} Rome",
        "yes{0}no",
        "minus {0}5 degrees",
        "a {0}nobody",
        "he runs {0}fast and furious",
        "the coefficient {0}s of x",
        "a sign {0}no entry{0} on a door",
        "a list: {0}ar is a letter",
        "狐狸{0}在雪中",
    ],
)
def test_ordinary_text_stays(text: str, dash: str) -> None:
    if dash == "-" and "no entry" in text:
        return  # a hyphen alone never leads
    prompt = text.format(dash)

    assert tidy(prompt) == prompt
    assert parse(tidy(prompt)).parameters == ()


@pytest.mark.parametrize(
    "blank",
    ["\u00a0", "\u1680", "\u2003", "\u2009", "\u202f", "\u205f", "\u3000", "\t", "\n"],
)
def test_blanks_of_any_kind_part(blank: str) -> None:
    prompt = f"a fox{blank}－－ar{blank}3:2{blank}——tile"

    assert tidy(prompt) == "a fox --ar 3:2 --tile"


@pytest.mark.parametrize("mark", ["\u200b", "\u200e", "\u2060", "\ufeff", "\u00ad"])
def test_marks_without_width_go_where_they_touch_a_parameter(mark: str) -> None:
    prompt = f"a{mark}b {mark}-{mark}-{mark}a{mark}r 3{mark}:2"

    assert tidy(prompt) == f"a{mark}b --ar 3:2"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("狐狸 －－ａｒ ３：２", "狐狸 --ar 3:2"),
        ("狐狸－－ar 3：2", "狐狸 --ar 3:2"),
        ("狐狸 --ar 3：2", "狐狸 --ar 3:2"),
        ("狐狸 --ar 3﹕2 --v ７", "狐狸 --ar 3:2 --v 7"),
        ("狐狸 --ar 3∶2", "狐狸 --ar 3:2"),
        ("狐狸 ——ａｓｐｅｃｔ　１６：９", "狐狸 --aspect 16:9"),
        ("狐狸 --s ２５０ --ＴＩＬＥ", "狐狸 --s 250 --TILE"),
        ("狐狸 －ar 3：2", "狐狸 --ar 3:2"),
        ("狐狸 --sref １２３ https://x.example/３.png", None),
        ("狐狸 --no 帽子，雪", "狐狸 --no 帽子，雪"),
        ("狐狸：３只，ＡＢＣ", "狐狸：３只，ＡＢＣ"),
        ("狐狸 --ar 3:2 一只，ＡＢＣ狐狸", "狐狸 --ar 3:2 一只，ＡＢＣ狐狸"),
        ("狐狸 --mystery ３：２", "狐狸 --mystery ３：２"),
        ("狐狸 --v 7 －－ －－mystery 5", "狐狸 --v 7 －－ －－mystery 5"),
        ("{红，蓝} --ar {3：2，1：1}", "{红，蓝} --ar {3:2,1:1}"),
    ],
)
def test_full_width_names_and_values_are_ascii(typed: str, sent: str | None) -> None:
    assert tidy(typed) == (sent or "狐狸 --sref 123 https://x.example/３.png")


def test_links_stay_whatever_they_hold() -> None:
    prompt = "https://x.example/a－－ar—b?c=−−v fox"

    assert tidy(prompt) == prompt


def test_the_words_of_a_prompt_end_at_its_first_parameter() -> None:
    assert words_of("a fox −−ar 3：2") == words_of("a fox --ar 3:2") == "afox"


def test_a_dash_between_words_may_come_back_as_two_hyphens() -> None:
    assert words_of("a well—known fox --tile") == words_of("a well--known fox --tile")
    assert words_of("a fox--fast") == words_of("a fox")


@pytest.mark.parametrize("flag", ["——fast", "－－ｆａｓｔ", "−fast", "‐‐turbo"])
def test_a_speed_of_the_account_replaces_one_written_with_any_dash(flag: str) -> None:
    assert sent_prompt(f"a fox {flag}", account_mode="RELAX") == "a fox --relax"


ALPHABET = "ab 3:：,狐{}()" + NAMED + "-\u200b\u200e\u3000"
PARTS = ["ar", "3:2", "no", "tile", "fast", "v", "7", "－－", "—", "--", " ", "狐"]


@given(
    st.one_of(
        st.text(alphabet=ALPHABET, max_size=30),
        st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
        st.lists(st.sampled_from([*PARTS, "—no", "a—", "−v 7"]), max_size=9).map(
            " ".join
        ),
    )
)
def test_what_is_tidy_stays_so(prompt: str) -> None:
    assert tidy(tidy(prompt)) == tidy(prompt)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        *("\u200b" * 100_000, "—\u200b" * 50_000, "狐\u200b" * 50_000),
        *("—no a— " * 20_000, "−" * 100_000, "—ar 3" * 20_000, "—no " * 25_000),
        *HOSTILE,
    ],
)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    mended(text)
    tidy(text)
