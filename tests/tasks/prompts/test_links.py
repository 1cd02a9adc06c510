from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.prompts.links import (
    LINK,
    foreign_links,
    is_official,
    links_of,
    outside_links,
    replace_links,
    unwrapped,
)
from tests.tasks.prompts.prompt_texts import HOSTILE, prompts


@pytest.mark.parametrize(
    ("prompt", "links"),
    [
        ("a fox", []),
        ("https://x/1.png a fox", ["https://x/1.png"]),
        ("<https://s.mj.run/a> <https://s.mj.run/b>",
         ["https://s.mj.run/a", "https://s.mj.run/b"]),
        ("<https://x/a><https://x/b>", ["https://x/a", "https://x/b"]),
        ("https://x/2 https://x/1 https://x/2", ["https://x/2", "https://x/1"]),
        ("fox --sref https://x/1.png --cref <https://x/2>",
         ["https://x/1.png", "https://x/2"]),
        ("https://x/1.png, and https://x/2.", ["https://x/1.png", "https://x/2"]),
        ("https://x/1.png，一只狐狸", ["https://x/1.png"]),
        ("https://x/图片.png fox", ["https://x/图片.png"]),
        ("https://x/a?b=1&c=(2)", ["https://x/a?b=1&c=(2)"]),
        ("HTTPS://X/1", ["HTTPS://X/1"]),
        ("<https://x/1", ["https://x/1"]),
        ("https:// http://, <https://>", []),
        ("file:///etc/passwd ftp://x/1", []),
        ("(see https://x/1.png)", ["https://x/1.png"]),
        ("(see https://x/a_(b).png).", ["https://x/a_(b).png"]),
        ("https://x/Fox_(animal) runs", ["https://x/Fox_(animal)"]),
        ("https://x/a(b runs", ["https://x/a(b"]),
        ("[fox](https://x/1.png)", ["https://x/1.png"]),
        ("[https://x/1.png] fox", ["https://x/1.png"]),
        ("https://x/?a[0]=1&b={c}", ["https://x/?a[0]=1&b={c}"]),
        ("https://[::1]:80/1", ["https://[::1]:80/1"]),
        ("{https://x/1.png,https://x/2.png} fox",
         ["https://x/1.png", "https://x/2.png"]),
        ("https://x/1.png,https://x/2.png", ["https://x/1.png", "https://x/2.png"]),
        ("https://x/1.png, https://x/2.png,", ["https://x/1.png", "https://x/2.png"]),
        ("https://x/1.png;https://x/2|https://x/3",
         ["https://x/1.png", "https://x/2", "https://x/3"]),
        ("https://x/w_3,h_2/1.png fox", ["https://x/w_3,h_2/1.png"]),
        ("https://x/1/https://y/2", ["https://x/1/https://y/2"]),
        ("https://x/?u=https://y/2", ["https://x/?u=https://y/2"]),
        ('"https://x/1.png", fox', ["https://x/1.png"]),
        ("'https://x/1.png' fox", ["https://x/1.png"]),
        ("`https://x/1.png` fox", ["https://x/1.png"]),
        ("**https://x/1.png** fox", ["https://x/1.png"]),
        ("“https://x/1.png” fox", ["https://x/1.png"]),
        ("‘https://x/1.png’ fox", ["https://x/1.png"]),
        ("《https://x/1.png》fox", ["https://x/1.png"]),
        ("「https://x/1.png」fox", ["https://x/1.png"]),
        ("（https://x/1.png）fox", ["https://x/1.png"]),
        ("【https://x/1.png】fox", ["https://x/1.png"]),
        ("［https://x/1.png］fox", ["https://x/1.png"]),
        ("＜https://x/1.png＞fox", ["https://x/1.png"]),
        ("https://x/1.png。狐狸", ["https://x/1.png"]),
        ("https://x/1.png、https://x/2.png", ["https://x/1.png", "https://x/2.png"]),
        ("https://x/1.png……fox", ["https://x/1.png"]),
        ("https://x/1.png——一只狐狸", ["https://x/1.png"]),
        ("https://x/1.png～狐狸", ["https://x/1.png"]),
        ("https://x/1.png\u200b fox", ["https://x/1.png"]),
        ("https://x/1.png\u3000狐狸", ["https://x/1.png"]),
        ("https://x/1.png\xa0fox", ["https://x/1.png"]),
        ("https://x/1.png::2 fox::1", ["https://x/1.png"]),
        ("https://x/1.png::-.5", ["https://x/1.png"]),
        ("https://x/スター・ウォーズ.png", ["https://x/スター・ウォーズ.png"]),
        ("https://x/1.png?X-Amz-Credential=AK%2F20&a=%2b,",
         ["https://x/1.png?X-Amz-Credential=AK%2F20&a=%2b"]),
    ],
)  # fmt: skip
def test_links_are_found_in_order_each_once(prompt: str, links: list[str]) -> None:
    assert links_of(prompt) == links


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.png",
        "https://media.discordapp.net/a.png",
        "https://discordapp.com/a.png",
        "https://s.mj.run/abc",
        "https://mj.run/abc",
        "https://cdn.midjourney.com/uuid/0_0.png",
        "HTTPS://CDN.DISCORDAPP.COM:443/a.png",
    ],
)
def test_hosts_of_discord_and_midjourney_are_official(url: str) -> None:
    assert is_official(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/discordapp.com/a.png",
        "https://discordapp.com.evil.example/a.png",
        "https://notmj.run/abc",
        "https://evilmidjourney.com/a.png",
        "https://discordapp.com@evil.example/a.png",
        "https://evil.example\\@mj.run/a.png",
        "https://evil.example?discordapp.com",
        "https://evil.example#mj.run",
        "ftp://mj.run/a",
        "https://[mj.run",
        "https://[::1]/mj.run",
        "https://",
        "mj.run",
        "",
    ],
)
def test_hosts_that_only_look_official_are_not(url: str) -> None:
    assert not is_official(url)


def test_a_host_of_ones_own_is_official_too() -> None:
    prompt = "http://127.0.0.1:9/a.png https://example.com/b.png https://mj.run/c fox"

    assert foreign_links(prompt, own={"127.0.0.1"}) == ["https://example.com/b.png"]
    assert foreign_links(prompt) == links_of(prompt)[:2]


def test_links_are_replaced_where_they_stand_and_at_once() -> None:
    prompt = "<https://x/1> fox https://x/2, https://x/3 --sref https://x/1"
    swap = {"https://x/1": "https://x/2", "https://x/2": "https://x/1"}

    assert replace_links(prompt, swap) == (
        "<https://x/2> fox https://x/1, https://x/3 --sref https://x/2"
    )


def test_a_link_that_begins_like_another_is_not_replaced() -> None:
    assert replace_links("https://x/12", {"https://x/1": "https://y"}) == "https://x/12"


def test_brackets_around_links_go_and_other_brackets_stay() -> None:
    assert unwrapped("a<https://x/1>b <tag>").split() == [
        "a",
        "https://x/1",
        "b",
        "<tag>",
    ]


@given(prompts)
def test_unwrapping_keeps_the_links_and_all_around_them(prompt: str) -> None:
    bare = unwrapped(prompt)

    assert links_of(bare) == links_of(prompt)
    assert unwrapped(bare) == bare


@given(prompts)
def test_nothing_is_replaced_where_nothing_is_to_be(prompt: str) -> None:
    assert replace_links(prompt, {}) == prompt


@given(prompts, st.sampled_from(["", "x"]))
def test_a_change_outside_links_leaves_links(prompt: str, other: str) -> None:
    changed = outside_links(prompt, lambda _: f" {other} ")

    assert [m[0] for m in LINK.finditer(changed)] == [
        m[0] for m in LINK.finditer(prompt)
    ]


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_hostile_prompts_do_no_harm(prompt: str) -> None:
    assert replace_links(prompt, dict.fromkeys(foreign_links(prompt), "")) is not None
    assert links_of(unwrapped(prompt)) == links_of(prompt)
