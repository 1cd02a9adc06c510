from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries
from time_machine import travel

from accounts.choice.pool_settings import pool
from accounts.editing.pool import delete_tag, save_settings, save_tag
from accounts.enums import ChoiceRule
from accounts.models import DomainTag, PoolSettings
from tests.factories import make_account

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def tags() -> dict[str, int]:
    PoolSettings.objects.create(is_vertical_domain=True)
    words = {"animals": ["Fox ", "cats", "red panda"], "cars": ["car", "fox"]}
    made = {
        name: DomainTag.objects.create(name=name, keywords=keywords).pk
        for name, keywords in words.items()
    }
    return made | {"off": _off()}


def _off() -> int:
    return DomainTag.objects.create(name="off", keywords=["cat"], enabled=False).pk


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a fox", ["animals", "cars"]),
        ("a FOX,in fog", ["animals", "cars"]),
        ("silver-fox.night", ["animals", "cars"]),
        ("one cat", ["animals"]),  # its keyword is the plural
        ("many cats", ["animals"]),
        ("two cars", []),  # its keyword is no plural of that
        ("foxes", []),
        ("firefox", []),
        ("red panda", []),  # a keyword of two words is never one word
        ("", []),
        (" ,.- ", []),
        ("狐狸", []),
    ],
)
def test_words_of_a_prompt_hit_subjects(
    tags: dict[str, int], prompt: str, names: list[str]
) -> None:
    assert pool().subjects_of(prompt) == tuple(tags[name] for name in names)


def test_with_the_switch_off_nothing_is_a_subject(tags: dict[str, int]) -> None:
    settings = PoolSettings.objects.get()
    settings.is_vertical_domain = False
    save_settings(settings)

    assert pool().subjects_of("a fox") == ()


def test_an_edit_is_obeyed_without_a_restart(tags: dict[str, int]) -> None:
    assert pool().subjects_of("a lynx") == ()
    assert pool().rule == ChoiceRule.BEST_WAIT_IDLE

    lynx = DomainTag(name="lynx", keywords=["lynx"])
    save_tag(lynx)
    settings = PoolSettings.objects.get()
    settings.rule = ChoiceRule.WEIGHT
    save_settings(settings)

    assert pool().subjects_of("a lynx") == (lynx.pk,)
    assert pool().rule == ChoiceRule.WEIGHT
    delete_tag(lynx)
    assert pool().subjects_of("a lynx") == ()


def test_what_another_process_edits_is_seen_in_a_moment(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    PoolSettings.objects.create()
    assert pool().rule == ChoiceRule.BEST_WAIT_IDLE
    PoolSettings.objects.update(rule=ChoiceRule.POLLING)

    with django_assert_num_queries(0):
        assert pool().rule == ChoiceRule.BEST_WAIT_IDLE
    pool.forget()  # the moment is over

    assert pool().rule == ChoiceRule.POLLING


def test_work_hours_that_are_over_are_known(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    for text in ("", "09:00-17:00", "18:00-02:00", "18:00-02:00", "12:01-12:02"):
        make_account(work_time=text)

    with travel(NOON, tick=False):
        assert pool().closed == ("12:01-12:02", "18:00-02:00")
