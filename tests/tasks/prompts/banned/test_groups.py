from __future__ import annotations

from unittest import mock

import pytest

from accounts.exceptions import InvalidField
from tasks.models import BannedWordGroup
from tasks.models.word import MOST_TERMS
from tasks.prompts.banned import groups
from tasks.prompts.banned.default_group import ensure_default_group
from tasks.prompts.banned.groups import (
    add_terms,
    banned_words,
    delete_group,
    save_group,
)
from tasks.prompts.banned.matcher import Matcher
from tests.factories import ban

pytestmark = pytest.mark.django_db


def first(prompt: str) -> str | None:
    hit = banned_words().first(prompt)
    return hit.text if hit else None


def test_terms_are_stored_trimmed_in_lower_case_each_once() -> None:
    group = BannedWordGroup(name="law", keywords=[" Gore ", "gore", "", "Blood Bath"])

    save_group(group)

    assert BannedWordGroup.objects.get().keywords == ["gore", "blood bath"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"keywords": ["x" * 101]},
        {"allowed": ["x" * 101]},
        {"keywords": [str(n) for n in range(MOST_TERMS + 1)]},
    ],
)
def test_what_cannot_be_kept_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidField):
        save_group(BannedWordGroup(**{"name": "law"} | fields))

    assert not BannedWordGroup.objects.exists()


def test_a_hundred_thousand_terms_are_kept_and_found() -> None:
    save_group(BannedWordGroup(name="law", keywords=[f"w{n}" for n in range(100_000)]))

    assert first("a W99999 fox") == "W99999"
    assert first("a w100000 fox") is None


def test_a_change_holds_at_once(memory: None) -> None:
    group = ban("gore")
    assert first("a gore nude fox") == "gore"

    group.keywords = ["nude"]
    save_group(group)
    assert first("a gore nude fox") == "nude"

    group.enabled = False
    save_group(group)
    assert first("a gore nude fox") is None


def test_terms_are_compiled_again_only_after_a_change() -> None:
    group = ban("gore")
    with mock.patch.object(groups, "Matcher", wraps=Matcher) as made:
        for _ in range(3):
            banned_words.forget()
            assert first("gore") == "gore"
        assert made.call_count == 1

        add_terms(group.pk, ["nude"], [], replace=False)
        assert first("nude") == "nude"

    assert made.call_count == 2


def test_phrases_of_one_group_hold_for_all() -> None:
    ban("gore")
    BannedWordGroup.objects.create(name="b", allowed=["gore-tex", "al gore"])

    assert first("Al Gore in gore-tex") is None


def test_of_two_groups_with_a_term_the_first_in_order_is_named() -> None:
    BannedWordGroup.objects.create(name="second", keywords=["gore"], sort=2)
    BannedWordGroup.objects.create(name="first", keywords=["gore"], sort=1)

    hit = banned_words().first("gore")

    assert hit
    assert hit.group == "first"


def test_the_default_group_is_written_once() -> None:
    ensure_default_group()
    group = BannedWordGroup.objects.get()
    assert (group.pk, first("a nude fox")) == ("default", "nude")

    group.keywords = ["fox"]
    save_group(group)
    ensure_default_group()

    assert BannedWordGroup.objects.get().keywords == ["fox"]
    assert first("a nude fox") == "fox"


@pytest.mark.parametrize(
    "prompt",
    [
        "a Gore-Tex jacket beside a field of rape flowers",
        "nude lipstick, nude tones, seen with the naked eye",
        "Harley Quinn, Suicide Squad poster",
        "size XXX, class, Essex, grapes, Scunthorpe, analogue, 8k, mp3, A55",
        "白色情人节海报，粉色情书，红色情侣装，暖色情调",
        "两位女性交谈，女性交叉双臂，异性交往，十字路口交通",
        "血腥玛丽鸡尾酒，自杀小队小丑女，裸眼3D，裸婚",
        "тот рот, нос, ХХХ, сорок оленей на горе",
        "ヌードカラーのドレス、性格、自然",
    ],
)
def test_the_default_group_strikes_no_common_prompt(prompt: str) -> None:
    ensure_default_group()

    assert first(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a nude in nude lipstick", "nude"),
        ("self-harm", "self-harm"),
        ("色情图片", "色情"),
        ("裸體", "裸體"),
        ("血腥场面", "血腥"),
    ],
)
def test_the_default_group_strikes_what_it_means(prompt: str, found: str) -> None:
    ensure_default_group()

    assert first(prompt) == found


def test_the_default_group_cannot_be_deleted() -> None:
    ensure_default_group()

    with pytest.raises(InvalidField):
        delete_group(BannedWordGroup.objects.get())

    assert BannedWordGroup.objects.exists()


def test_added_terms_stand_beside_or_in_place_of_the_others() -> None:
    group = ban("gore")

    add_terms(group.pk, ["nude"], ["nude beach"], replace=False)
    group.refresh_from_db()
    assert (group.keywords, group.allowed) == (["gore", "nude"], ["nude beach"])

    add_terms(group.pk, ["fox"], [], replace=True)
    group.refresh_from_db()
    assert (group.keywords, group.allowed) == (["fox"], [])
