from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol.content import Content, parse

ME = "1311111111111111300"
P = "a tin robot"


def said(**facts: object) -> Content:
    return Content(**{"prompt": P, "user_id": ME, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"**{P}** - <@{ME}> (Waiting to start)", said(waiting=True)),
        (f"**{P}** - <@!{ME}> (Waiting to start)", said(waiting=True)),
        (f"**{P}** - <@{ME}> (0%) (fast)", said(percent=0, mode="fast")),
        (f"**{P}** - <@{ME}> (62%) (relaxed)", said(percent=62, mode="relaxed")),
        (f"**{P}** - <@{ME}> (9%) (fast, stealth)", said(percent=9, mode="fast")),
        (f"**{P}** - <@{ME}> (Stopped)", said(stopped=True)),
        (f"**{P}** - <@{ME}> (paused) (fast)", said(paused=True, mode="fast")),
        (f"**{P}** - <@{ME}> (Paused)", said(paused=True)),
        (f"**{P}** - <@{ME}> (fast)", said(mode="fast")),
        (f"**{P}** - <@{ME}> (turbo, stealth)", said(mode="turbo")),
        (f"**{P}** - Image #3 <@{ME}>", said(index=3)),
        (
            f"**{P}** - Variations by <@{ME}> (31%) (fast)",
            said(verb="Variations", percent=31, mode="fast"),
        ),
        (
            f"**{P}** - Variations (Strong) by <@{ME}> (fast)",
            said(verb="Variations", mode="fast"),
        ),
        (
            f"**{P}** - Upscaled (2x) by <@{ME}> (turbo)",
            said(verb="Upscaled", mode="turbo"),
        ),
        (
            f"**{P}** - Zoom Out by <@{ME}> (Waiting to start)",
            said(verb="Zoom Out", waiting=True),
        ),
        (f"**{P}** - Pan Left by <@{ME}> (fast)", said(verb="Pan Left", mode="fast")),
        (
            f"**{P}** - Remix (Region) by <@{ME}> (relaxed)",
            said(verb="Remix", mode="relaxed"),
        ),
        (
            f"Making variations for image #2 with prompt **{P}** - <@{ME}> "
            "(Waiting to start)",
            said(waiting=True),
        ),
        (
            f"Upscaling image #4 with **{P}** - <@{ME}> (Waiting to start)",
            said(waiting=True),
        ),
        (
            f"**{P}** - <@{ME}> (Open on website for full quality) (fast)",
            said(mode="fast"),
        ),
        (
            f"**{P}** - <@{ME}> (fast)\n-# Come and see the website",
            said(mode="fast"),
        ),
        (f"-# above\n**{P}** - <@{ME}> (fast)", said(mode="fast")),
        (f"**** - <@{ME}> (fast)", said(prompt="", mode="fast")),
        (
            f"**one\ntwo** - <@{ME}> (fast)",
            said(prompt="one\ntwo", mode="fast"),
        ),
        (
            f"**bold **words** - <@7> (fast)** - <@{ME}> (5%) (fast)",
            said(prompt="bold **words** - <@7> (fast)", percent=5, mode="fast"),
        ),
        (
            f"**(Stopped) at (50%)** - <@{ME}> (fast)",
            said(prompt="(Stopped) at (50%)", mode="fast"),
        ),
    ],
)
def test_it_reads_what_a_jobs_message_says(text: str, meant: Content) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello!",
        "**only bold**",
        "**a** - nobody (fast)",
        f"a - <@{ME}> (fast)",
        f"**a** <@{ME}> (fast)",
        f"**a** - <#{ME}> (fast)",
        "-# small print alone",
        "There was an error processing your request.",
    ],
)
def test_any_other_text_says_nothing_of_a_job(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("state", "final"),
    [
        (" (fast)", True),
        ("", True),
        (" (Waiting to start)", False),
        (" (0%) (fast)", False),
        (" (93%) (fast)", False),
        (" (Stopped)", False),
        (" (paused)", False),
    ],
)
def test_words_are_final_where_no_state_is_named(state: str, final: bool) -> None:
    found = parse(f"**{P}** - <@{ME}>{state}")

    assert found is not None
    assert found.is_final is final


def test_a_number_of_absurd_length_is_no_picture_of_a_grid() -> None:
    assert parse(f"**{P}** - Image #{'9' * 5000} <@{ME}>") is None


@given(
    prompt=st.text(alphabet=st.characters(exclude_characters="*\n\r"), max_size=80),
    percent=st.integers(0, 99),
)
def test_any_prompt_comes_back_whole(prompt: str, percent: int) -> None:
    found = parse(f"**{prompt}** - <@{ME}> ({percent}%) (fast)")

    assert found == said(prompt=prompt, percent=percent, mode="fast")


@given(st.text() | st.lists(st.sampled_from(["**", " - ", "<@", "1>", "#", "\n"])))
def test_no_text_is_too_odd(text: str | list[str]) -> None:
    found = parse("".join(text))

    assert found is None or found.user_id
