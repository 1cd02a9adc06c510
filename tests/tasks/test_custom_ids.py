from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.custom_ids import (
    BUTTON_KINDS,
    CUSTOM_ZOOM,
    DESCRIBED_ALL,
    EXTEND,
    Button,
    ButtonKind,
    Window,
    build,
    draws_nothing,
    find,
    find_kind,
    parse,
    parse_leniently,
    window_of,
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


# --- particular buttons ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom_id", "nothing"),
    [
        (f"MJ::BOOKMARK::{HASH}", True),
        ("mj::bookmark::2", True),
        ("MJ::BOOKMARK::x::SOLO", True),
        ("MJ::BOOKMARK", False),
        (f"MJ::JOB::upsample::1::{HASH}", False),
        (f"MJ::CancelJob::ByJobid::{HASH}", False),
        ("", False),
        ("MJ::New::thing", False),
    ],
)
def test_only_a_bookmark_draws_nothing(custom_id: str, nothing: bool) -> None:
    assert draws_nothing(custom_id) is nothing


@pytest.mark.parametrize(
    "told",
    [
        f"MJ::Job::upsample::2::{HASH}",
        f"mj::job::UPSAMPLE::2::{HASH.upper()}",
        "MJ::JOB::upsample::2::anything",
        "MJ::JOB::upsample::2::anything::SOLO",
    ],
)
def test_letters_and_tails_do_not_matter(told: str) -> None:
    button = parse_leniently(told)

    assert button is not None
    assert (button.kind.template, button.index) == ("MJ::JOB::upsample::{i}::{h}", 2)


@pytest.mark.parametrize(
    "told",
    [
        "MJ::JOB::upsample::2",
        "MJ::JOB::upsample::2::",
        "MJ::JOB::upsample::5::x",
        " MJ::JOB::upsample::2::x",
        "MJ::JOB::upsample::２::x",
    ],
)
def test_what_names_no_button_is_none(told: str) -> None:
    assert parse_leniently(told) is None


def test_the_first_button_of_a_kind_is_found() -> None:
    low, high = (EXTEND.format(motion=m, i=1, h=HASH) for m in ("low", "high"))
    buttons: list[dict[str, object]] = [
        {"customId": each} for each in ("MJ::New::thing", low, high)
    ]

    assert find_kind(buttons, EXTEND) == low
    assert find_kind(buttons, EXTEND, motion="high") == high
    assert find_kind(buttons, EXTEND, motion="high", i="2") is None
    assert find_kind(buttons, CUSTOM_ZOOM) is None
    assert find_kind([{"label": "without an id"}], EXTEND) is None


def test_a_button_without_an_id_is_never_meant() -> None:
    assert find([{"label": "x"}], f"MJ::BOOKMARK::{HASH}") is None


# --- windows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom_id", "window", "text_field"),
    [
        (
            f"MJ::CustomZoom::{HASH}",
            f"MJ::OutpaintCustomZoomModal::{HASH}",
            "MJ::OutpaintCustomZoomModal::prompt",
        ),
        (
            f"MJ::JOB::variation::3::{HASH}",
            f"MJ::RemixModal::{HASH}::3::1",
            "MJ::RemixModal::new_prompt",
        ),
        (
            f"MJ::JOB::high_variation::1::{HASH}::SOLO",
            f"MJ::RemixModal::{HASH}::1::1",
            "MJ::RemixModal::new_prompt",
        ),
        (
            f"MJ::JOB::low_variation::1::{HASH}::SOLO",
            f"MJ::RemixModal::{HASH}::1::0",
            "MJ::RemixModal::new_prompt",
        ),
        (
            f"MJ::JOB::pan_down::1::{HASH}::SOLO",
            f"MJ::PanModal::down::{HASH}::1",
            "MJ::PanModal::prompt",
        ),
        (
            f"MJ::JOB::reroll::0::{HASH}::SOLO",
            "MJ::ImagineModal::777",
            "MJ::ImagineModal::new_prompt",
        ),
        (
            "MJ::Job::PromptAnalyzer::4",
            "MJ::ImagineModal::777",
            "MJ::ImagineModal::new_prompt",
        ),
        (
            "MJ::Job::PicReader::2",
            "MJ::Picreader::Modal::2",
            "MJ::Picreader::Modal::PromptField",
        ),
        (
            f"MJ::JOB::animate_high::1::{HASH}::SOLO",
            f"MJ::AnimateModal::{HASH}::1::high::0",
            "MJ::AnimateModal::prompt",
        ),
        (
            f"MJ::JOB::animate_low_extend::2::{HASH}",
            f"MJ::AnimateModal::{HASH}::2::low::1",
            "MJ::AnimateModal::prompt",
        ),
    ],
)
def test_the_window_of_a_button_can_be_derived(
    custom_id: str, window: str, text_field: str
) -> None:
    assert window_of(custom_id, "777") == (window, text_field)


@pytest.mark.parametrize(
    "custom_id",
    [
        f"MJ::Inpaint::1::{HASH}::SOLO",
        f"MJ::JOB::upsample::1::{HASH}",
        "MJ::Job::PicReader::all",
        "MJ::JOB::variation::1::77",
        "nonsense",
    ],
)
def test_other_windows_cannot_be_derived(custom_id: str) -> None:
    assert window_of(custom_id, "777") is None


@pytest.mark.parametrize("kind", BUTTON_KINDS, ids=lambda kind: kind.template)
def test_every_window_with_a_text_field_can_be_derived(kind: ButtonKind) -> None:
    has_text = kind.window in (Window.ALWAYS, Window.IF_REMIX)
    is_several = kind.template == DESCRIBED_ALL

    found = window_of(build(sample(kind)), "777")

    assert (found is not None) is (has_text and not is_several)
