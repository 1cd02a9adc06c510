"""Prompts for property tests: realistic parts mixed with difficult ones."""

from __future__ import annotations

from hypothesis import strategies as st

LINKS = [
    "https://cdn.discordapp.com/a--fast/b---c.png?ex=1&hm=2",
    "<https://s.mj.run/AbC_1>",
    "https://example.com/1.png",
    "HTTPS://mj.run/x",
    "https://",
    "<https://",
]
PARAMETERS = [
    "--ar 3:2",
    "--aspect 16:9",
    "--v 7",
    "--no red hats, snow",
    "--no 帽子, 雪",
    "--sref https://example.com/s.png 20",
    "--fast",
    "--RELAX",
    "--turbo--fast",
    "--unknown x y",
    "--ar16:9",
    "—ar 1:1",
    "——v 6.1",
    "---no dogs",
    "-–tile",
]
WORDS = [
    "a red fox",
    "一只狐狸",
    "狐狸——ar 2:3",
    "狐狸--fast",
    "“smart” quotes",
    "well—known",
    "x--turbo",
    "fox, --",
    "a - b -- c --- d",
    "{red, green} bird::2",
    "<tag>",
    "\n\n",
    "\t\u3000",
    "\0",
    "\ud800",
    "👩‍🚀",
]

prompts = st.one_of(
    st.lists(
        st.one_of(
            st.sampled_from([*WORDS, *LINKS, *PARAMETERS]),
            st.text(alphabet="a -–—f狐，<>:/.\n", max_size=6),
        ),
        max_size=8,
    ).map(" ".join),
    st.lists(st.sampled_from([*WORDS, *LINKS, *PARAMETERS]), max_size=5).map("".join),
    st.text(),
)

MANY = 100_000
HOSTILE = [
    " " * MANY,
    "-" * MANY,
    "—" * MANY,
    "- " * (MANY // 2),
    "-- " * (MANY // 3),
    "狐--" * (MANY // 3),
    "--fast" * (MANY // 6),
    "--fast " * (MANY // 7),
    "--no " * (MANY // 5),
    "\n" * MANY,
    "\0" * MANY,
    "\ud800" * MANY,
    "<https://" * (MANY // 9),
    "<https://a" * (MANY // 10),
    "https://" + "," * MANY,
    "https://a.b/" * (MANY // 12),
    "https://a" + "," * MANY,
    "https://a,:" * (MANY // 11),
    "https://a/" + "(" * MANY,
    "https://a/" + "[(" * (MANY // 2),
    "https://a/" + "()" * (MANY // 2),
    "https://a" + "::1" * (MANY // 3),
    "[" * MANY,
    "[a](" * (MANY // 4),
    "[](" + "(a" * (MANY // 2),
    "1️⃣" * (MANY // 3),
    "1️⃣\n" * (MANY // 4),
    "#" * MANY,
    "blood " * (MANY // 6),
    "blood" + " " * MANY,
    "a" * MANY,
]
