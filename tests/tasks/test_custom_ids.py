from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.custom_ids import (
    BUTTON_KINDS,
    Button,
    ButtonKind,
    build,
    find,
    parse,
    parse_leniently,
)

HASH: Final = "3f1c0a54-0d0c-4c1b-9f0e-6a1f4f1c2b3d"
SAMPLES: Final = {
    "i": "2",
    "n": "5",
    "h": HASH,
    "way": "left",
    "how": "subtle",
    "motion": "high",
    "v": "v6r1",
    "x": "4x",
    "old": "beta",
    "zoom": "75",
}


def sample(kind: ButtonKind, **replaced: str) -> Button:
    holes = re.findall(r"{(\w+)}", kind.template)
    return Button(kind, {hole: (SAMPLES | replaced)[hole] for hole in holes})


@pytest.mark.parametrize("kind", BUTTON_KINDS, ids=lambda kind: kind.template)
def test_parse_and_build_are_inverse(kind: ButtonKind) -> None:
    button = sample(kind)

    assert parse(build(button)) == button


@pytest.mark.parametrize("kind", BUTTON_KINDS, ids=lambda kind: kind.template)
def test_no_row_shadows_another(kind: ButtonKind) -> None:
    parsed = parse(build(sample(kind)))

    assert parsed is not None
    assert parsed.kind is kind


@pytest.mark.parametrize(
    "kind",
    [kind for kind in BUTTON_KINDS if "{h}" in kind.template],
    ids=lambda kind: kind.template,
)
def test_find_takes_any_hash_for_the_button_that_is_meant(kind: ButtonKind) -> None:
    real = build(sample(kind))
    told = build(sample(kind, h="1300000000000000001"))

    assert find([{"customId": "other"}, {"customId": real}], told) == real


@pytest.mark.parametrize("tail", ["", "::SOLO", "::2"])
def test_find_does_not_mind_what_follows_the_hash(tail: str) -> None:
    real = f"MJ::CustomZoom::{HASH}"

    assert find([{"customId": real}], f"MJ::CustomZoom::77{tail}") == real


@pytest.mark.parametrize(
    ("real", "told"),
    [
        ("MJ::JOB::pan_left::1::{h}::SOLO", "MJ::JOB::pan_left::2::77::SOLO"),
        ("MJ::Outpaint::50::1::{h}::SOLO", "MJ::Outpaint::50::2::77::SOLO"),
        ("MJ::JOB::reroll::0::{h}::SOLO", "MJ::JOB::reroll::2::77::SOLO"),
        ("MJ::Inpaint::1::{h}::SOLO", "MJ::Inpaint::1::2::77::SOLO"),
    ],
)
def test_find_takes_any_index_where_there_is_but_one(real: str, told: str) -> None:
    real = real.format(h=HASH)

    assert find([{"customId": "other"}, {"customId": real}], told) == real


def test_find_keeps_the_index_apart() -> None:
    buttons: list[dict[str, object]] = [{"customId": f"MJ::JOB::upsample::1::{HASH}"}]

    assert find(buttons, "MJ::JOB::upsample::2::x") is None


def test_find_answers_unknown_ids_to_the_letter() -> None:
    assert find([{"customId": "MJ::New::thing"}], "MJ::New::thing") == "MJ::New::thing"
    assert find([{"customId": "MJ::New::thing"}], "MJ::New::other") is None


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    button = parse_leniently(text)

    assert button is None or button.kind in BUTTON_KINDS
