"""Questions that are asked apart: seldom, and never for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from mjproxy.health import background_check
from mjproxy.health.background_check import PATIENCE, Question

LIMIT = 20.0


def in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_check, "spawn", in_a_thread)
    monkeypatch.setattr(background_check, "FRESH", 1000.0)


def test_many_who_want_to_know_ask_once() -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return "well"

    question = Question(ask, "silent")

    assert {question.answer() for _ in range(50)} == {"well"}

    assert asked == [1]


def test_an_answer_is_asked_anew_when_it_is_old() -> None:
    words = iter(["first", "second"])
    question = Question(lambda: next(words), "silent")

    assert question.answer() == "first"
    question.forget()
    assert question.answer() == "second"


def test_nobody_waits_for_long_and_later_ones_not_at_all() -> None:
    hold, asked = threading.Event(), list[int]()

    def ask() -> str:
        asked.append(1)
        hold.wait(LIMIT)
        return "late"

    question = Question(ask, "silent")
    began = time.monotonic()

    said = [question.answer() for _ in range(100)]

    # The promise: less than a second, with the views' own work.
    assert time.monotonic() - began < PATIENCE + 0.2
    assert (set(said), len(asked)) == ({"silent"}, 1)
    hold.set()
    assert question._told.wait(LIMIT)
    assert question.answer() == "late"


def test_what_hangs_for_ever_is_asked_over_another_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold, words = threading.Event(), iter(["never", "well"])

    def ask() -> str:
        word = next(words)
        if word == "never":
            hold.wait(LIMIT)
        return word

    question = Question(ask, "silent")
    assert question.answer() == "silent"
    monkeypatch.setattr(background_check, "ASK_ANEW", 0.0)

    assert question.answer() == "well"
    hold.set()


def test_a_question_that_breaks_has_no_answer() -> None:
    def ask() -> str:
        raise OSError

    assert Question(ask, "silent").answer() == "silent"
