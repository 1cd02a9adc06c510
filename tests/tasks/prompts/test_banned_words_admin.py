from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tasks.models import BannedWord
from tasks.snapshots import banned_words

WORDS = "/admin/tasks/bannedword/"


def add(admin: Client, words: str, **fields: str) -> Any:
    return admin.post(f"{WORDS}add/", {"word": words, "enabled": "on"} | fields)


def errors(response: Any) -> set[str]:
    return set(response.context["adminform"].form.errors)


@pytest.mark.parametrize(
    "text",
    [
        "nude, blood bath,裸体",
        "nude；blood bath、裸体\r\nnude",
        "nude\nblood bath\n裸体",
    ],
)
def test_a_pasted_list_becomes_separate_words(admin: Client, text: str) -> None:
    add(admin, text, note="by law")

    rows = BannedWord.objects.order_by("pk")
    assert list(rows.values_list("word", "enabled", "note")) == [
        ("nude", True, "by law"),
        ("blood bath", True, "by law"),
        ("裸体", True, "by law"),
    ]


def test_known_words_of_a_list_stay_as_they_are(admin: Client) -> None:
    BannedWord.objects.create(word="nude", enabled=False)

    add(admin, "nude, gore")

    assert sorted(BannedWord.objects.values_list("word", "enabled")) == [
        ("gore", True),
        ("nude", False),
    ]


@pytest.mark.parametrize("text", ["", " ,; ", "nude", "gore," + "x" * 101])
def test_what_brings_no_word_is_refused(admin: Client, text: str) -> None:
    BannedWord.objects.create(word="nude")

    assert errors(add(admin, text)) == {"word"}
    assert banned_words() == ("nude",)


@pytest.mark.parametrize(
    ("text", "found"), [("gore", "gore"), (" gore ", "gore"), ("gore,", "gore")]
)
def test_a_word_can_be_edited(admin: Client, text: str, found: str) -> None:
    row = BannedWord.objects.create(word="nude")

    admin.post(f"{WORDS}{row.pk}/change/", {"word": text, "enabled": "on"})

    assert banned_words() == (found,)


def test_an_edited_word_stays_one(admin: Client) -> None:
    row = BannedWord.objects.create(word="nude")
    address = f"{WORDS}{row.pk}/change/"

    assert errors(admin.post(address, {"word": "nude, gore"})) == {"word"}


@pytest.mark.django_db
def test_a_list_that_came_another_way_bans_each_of_its_words() -> None:
    BannedWord.objects.create(word="nude, blood bath")

    assert banned_words() == (
        "nude",
        "blood bath",
    )
