from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import SpeedMode
from tasks.exceptions import InvalidRequest
from tasks.prompts.links import links_of
from tasks.prompts.parameters import SPEEDS, Parameter, parse
from tasks.prompts.text import (
    echo_key,
    sent_prompt,
    tidy,
    with_speed,
    without_speed,
    words_of,
    zoomed,
)
from tests.tasks.prompts.prompt_texts import HOSTILE, prompts

modes = st.sampled_from(["", *SpeedMode])
allowed = st.sets(st.sampled_from(list(SpeedMode)))


def speeds_of(prompt: str) -> list[str]:
    return [p.canonical for p in parse(prompt).parameters if p.canonical in SPEEDS]


def others_of(prompt: str) -> list[Parameter]:
    return [p for p in parse(prompt).parameters if p.canonical not in SPEEDS]


@pytest.mark.parametrize(
    ("prompt", "tidied"),
    [
        ("  a\n\nred\t fox\u3000 ", "a red fox"),
        ("a red -- fox", "a red fox"),
        ("a fox --", "a fox"),
        ("-- -- fox", "fox"),
        ("a fox —ar 3:2", "a fox --ar 3:2"),
        ("a fox –V 7", "a fox --V 7"),
        ("一只狐狸 ——ar 3:2", "一只狐狸 --ar 3:2"),
        ("一只狐狸——ar 3:2", "一只狐狸 --ar 3:2"),
        ("一只狐狸。--fast", "一只狐狸。 --fast"),
        ("一只狐狸——在雪中", "一只狐狸——在雪中"),
        ("a fox ---ar 3:2 -–tile", "a fox --ar 3:2 --tile"),
        ("a --- b ----- c", "a b c"),
        ("a fox---dog", "a fox dog"),
        ("a — b – c - d", "a — b – c - d"),
        ("a fox—no dog", "a fox—no dog"),
        ("a fox --no dog -no cat", "a fox --no dog -no cat"),
        ("a fox —nobody", "a fox —nobody"),
        ("yes--no", "yes--no"),
        ("café--no", "café--no"),
        ("a “red” ‘fox’", "a “red” ‘fox’"),
        ("a fox --mystery 1", "a fox --mystery 1"),
        ("https://x/a---b.png?c=——v fox", "https://x/a---b.png?c=——v fox"),
        ("狐狸--fast---", "狐狸 --fast"),
        ("", ""),
    ],
)
def test_prompts_are_tidied(prompt: str, tidied: str) -> None:
    assert tidy(prompt) == tidied


@given(prompts)
def test_tidy_leaves_one_line_and_nothing_more_to_tidy(prompt: str) -> None:
    tidied = tidy(prompt)

    assert tidied == " ".join(tidied.split())
    assert " -- " not in f" {tidied} "
    assert tidy(tidied) == tidied


@given(prompts)
def test_tidy_keeps_every_link_and_parameter(prompt: str) -> None:
    kept = iter(p.name for p in parse(tidy(prompt)).parameters)

    assert links_of(tidy(prompt)) == links_of(prompt)
    assert all(
        any(name == other for other in kept)
        for name in (p.name for p in parse(prompt).parameters)
        if name.isascii() and name.isalpha()
    )


@given(st.text(alphabet="ab狐 ,.::{}()'\"“”—-", max_size=40))
def test_tidy_loses_no_letter(prompt: str) -> None:
    assert [c for c in tidy(prompt) if c.isalnum()] == [
        c for c in prompt if c.isalnum()
    ]


@pytest.mark.parametrize(
    ("prompt", "options", "sent"),
    [
        ("a fox", {}, "a fox"),
        ("a fox --fast", {}, "a fox --fast"),
        ("a fox", {"task_mode": "FAST"}, "a fox --fast"),
        ("--turbo a --RELAX fox", {"task_mode": "FAST"}, "a fox --fast"),
        ("a fox --turbo", {"allow_modes": ["FAST", "RELAX"]}, "a fox"),
        ("a fox --relax", {"allow_modes": ["FAST", "RELAX"]}, "a fox --relax"),
        ("a fox", {"task_mode": "TURBO", "allow_modes": ["FAST"]}, "a fox"),
        ("a fox", {"task_mode": "FAST", "account_mode": "RELAX"}, "a fox --relax"),
        ("a fox", {"allow_modes": ["FAST"], "account_mode": "TURBO"}, "a fox --turbo"),
        ("a fox --turbo", {"account_mode": "FAST"}, "a fox --fast"),
        ("a fox --fast", {"fast_exhausted": True}, "a fox --relax"),
        (
            "a fox",
            {"task_mode": "FAST", "account_mode": "TURBO", "fast_exhausted": True},
            "a fox --relax",
        ),
        ("a fox --fast --fast --turbo", {"account_mode": "RELAX"}, "a fox --relax"),
        ("a fox--turbo", {"account_mode": "RELAX"}, "a fox --relax"),
        ("fox --turbo--turbo", {"account_mode": "RELAX"}, "fox --relax"),
        ("fox --turbo--ar 1:1", {"allow_modes": ["FAST"]}, "fox --ar 1:1"),
        ("fox --turbo-- dog", {"account_mode": "RELAX"}, "fox dog --relax"),
        ("狐狸——turbo", {"account_mode": "RELAX"}, "狐狸 --relax"),
        ("a --faster --fast-lane fox", {"account_mode": "RELAX"},
         "a --faster --fast-lane fox --relax"),
        ("https://x/a--fast.png --ar 3:2 --v 7", {"account_mode": "RELAX"},
         "https://x/a--fast.png --ar 3:2 --v 7 --relax"),
        ("<https://s.mj.run/a><https://s.mj.run/b> a\nfox -- --ar 3:2", {},
         "https://s.mj.run/a https://s.mj.run/b a fox --ar 3:2"),
        ("fox --fast snow --niji 6", {"task_mode": "RELAX"},
         "fox snow --niji 6 --relax"),
        ("", {"task_mode": "FAST"}, "--fast"),
    ],
)  # fmt: skip
def test_what_is_sent(prompt: str, options: dict[str, object], sent: str) -> None:
    assert sent_prompt(prompt, **options) == sent  # type: ignore[arg-type]


@given(prompts, modes, modes, allowed, st.booleans())
def test_sending_adds_at_most_one_flag_and_may_be_repeated(
    prompt: str, task: str, account: str, allow: set[SpeedMode], spent: bool
) -> None:
    def send(text: str) -> str:
        return sent_prompt(
            text,
            task_mode=task,
            account_mode=account,
            allow_modes=allow,
            fast_exhausted=spent,
        )

    sent = send(prompt)

    assert send(sent) == sent
    assert set(links_of(sent)) == set(links_of(prompt))
    forced = SpeedMode.RELAX if spent else account
    if forced:
        assert speeds_of(sent) == [forced.lower()]
    elif allow:
        assert {speed.upper() for speed in speeds_of(sent)} <= allow
    elif task:
        assert speeds_of(sent) == [task.lower()]


@given(
    st.lists(st.sampled_from(["--ar 3:2", "--v 7", "--no a, b", "--x y", "--tile"])),
    st.lists(st.sampled_from(["--fast", "--relax", "--TURBO"])),
    st.randoms(use_true_random=False),
    modes,
)
def test_no_parameter_but_the_speed_is_touched(
    plain: list[str], speeds: list[str], random: object, mode: str
) -> None:
    mixed = [*plain, *speeds]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    prompt = " ".join(["a fox", *mixed])

    sent = sent_prompt(prompt, account_mode=mode)

    assert others_of(sent) == others_of(prompt)
    assert parse(sent).text == "a fox"


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


@pytest.mark.parametrize(
    ("prompt", "complete"),
    [
        ("a fox", "a fox --zoom 2"),
        ("a fox --ar 3:2 ", "a fox --ar 3:2 --zoom 2"),
        ("", "--zoom 2"),
        ("a fox --zoom 1.4", "a fox --zoom 1.4"),
        ("a fox --ZOOM 2 --ar 1:1", "a fox --ZOOM 2 --ar 1:1"),
        ("狐狸——zoom 1.5", "狐狸——zoom 1.5"),
    ],
)
def test_a_custom_zoom_names_its_factor(prompt: str, complete: str) -> None:
    assert zoomed(prompt) == complete


@pytest.mark.parametrize(
    "factor",
    ["1", "1.0", "2.01", "0", "-1.5", "nan", "inf", "", "x", "1_5", "1.5 fox", "9" * 99]
    + ["1.5 --zoom 3", "\u0661.\u0665"],
)
def test_a_factor_out_of_range_is_refused(factor: str) -> None:
    with pytest.raises(InvalidRequest):
        zoomed(f"a fox --zoom {factor}")


@given(prompts)
def test_an_echo_key_is_never_empty_and_always_the_same(prompt: str) -> None:
    assert len(echo_key(prompt)) == 32
    assert echo_key(prompt) == echo_key(prompt)


@given(prompts, modes)
def test_what_was_done_before_sending_does_not_change_the_key(
    prompt: str, mode: str
) -> None:
    assert echo_key(sent_prompt(prompt)) == echo_key(prompt)
    assert echo_key(tidy(prompt)) == echo_key(prompt)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A red fox", "a red  fox"),
        ("a red fox --ar 3:2", "a red fox --v 6.1"),
        ("a “red” fox", 'a "red" fox'),
        ("https://x/1.png fox", "<https://s.mj.run/abc> fox"),
        ("https://x/1.png, fox", "<https://s.mj.run/abc>, fox"),
        ("红狐狸——ar 3:2", "红狐狸 --ar 3:2 --v 7.0"),
        ("red fox, 8k--ar 3:2", "red fox, 8k --ar 3:2"),
        ("https://x/a--b fox", "<https://s.mj.run/abc> fox"),
        ("<https://x/a>--unknown fox", "<https://s.mj.run/abc> --unknown fox"),
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
        ("https://x/1 fox", "fox"),
        ("\0 fox", "https://x/1 fox"),
    ],
)
def test_other_words_have_another_key(one: str, other: str) -> None:
    assert echo_key(one) != echo_key(other)


def test_words_end_where_parameters_begin() -> None:
    assert words_of("a fox, 2 dogs --ar 3:2 --no hats") == "afox2dogs"


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_hostile_prompts_do_no_harm(prompt: str) -> None:
    sent = sent_prompt(prompt, task_mode="FAST", allow_modes=["FAST"])

    assert tidy(sent) == sent
    assert echo_key(sent) == echo_key(prompt)
    assert zoomed(prompt)
