from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from accounts.models import PoolSettings
from mjproxy.lib.db import snapshot
from mjproxy.lib.db.snapshot import Snapshot

PATIENCE = 20.0  # seconds after which a thread counts as stuck


class Reads:
    """A function that can be held up, and counts its calls."""

    def __init__(self) -> None:
        self.count = 0
        self.value = "old"
        self.began, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()

    def __call__(self, name: str) -> str:
        self.count += 1
        found = f"{self.value} {name}"
        self.began.set()
        assert self.goes_on.wait(PATIENCE)
        return found


@pytest.fixture
def reads() -> Reads:
    return Reads()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_a_result_is_kept_for_its_arguments(reads: Reads) -> None:
    words = Snapshot(reads)

    assert [words("a"), words("b"), words("a")] == ["old a", "old b", "old a"]
    assert reads.count == 2


def test_a_result_that_is_too_old_is_read_again(reads: Reads) -> None:
    words = Snapshot(reads, kept_for=0.0)

    words("a")
    reads.value = "new"

    assert words("a") == "new a"


def test_the_age_counts_from_before_the_read(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slow(name: str) -> str:
        now[0] += 2.0
        return reads(name)

    words = Snapshot(slow)
    words("a")
    words("a")

    assert reads.count == 2


def test_an_error_is_not_kept(reads: Reads) -> None:
    def fail(name: str) -> str:
        if not reads.count:
            reads(name)
            raise LookupError
        return reads(name)

    words = Snapshot(fail)
    with pytest.raises(LookupError):
        words("a")

    assert words("a") == "old a"


def test_many_results_do_not_fill_the_memory(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST", 3)
    words = Snapshot(reads)

    for number in range(10):
        words(str(number))

    assert len(words._kept) <= 3


def test_threads_that_want_the_same_read_once(
    reads: Reads, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "PATIENCE", PATIENCE)
    words = Snapshot(reads)
    reads.goes_on.clear()

    running = [threads.submit(words, "a") for _ in range(8)]
    assert reads.began.wait(PATIENCE)
    reads.goes_on.set()

    assert {each.result(PATIENCE) for each in running} == {"old a"}
    assert reads.count == 1


def test_nobody_waits_long_for_a_read_that_hangs(
    reads: Reads, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "PATIENCE", 0.01)
    words = Snapshot(reads)
    reads.goes_on.clear()
    hanging = threads.submit(words, "a")
    assert reads.began.wait(PATIENCE)
    reads.began.clear()

    other = threads.submit(words, "a")

    assert reads.began.wait(PATIENCE)  # by itself
    reads.goes_on.set()
    assert hanging.result(PATIENCE) == other.result(PATIENCE) == "old a"


def test_what_was_read_before_a_change_is_not_kept(
    reads: Reads, threads: ThreadPoolExecutor
) -> None:
    words = Snapshot(reads)
    reads.goes_on.clear()
    early = threads.submit(words, "a")
    assert reads.began.wait(PATIENCE)

    reads.value = "new"
    words.forget()
    reads.goes_on.set()

    assert early.result(PATIENCE) == "old a"
    assert words("a") == "new a"


# --- changes of rows ------------------------------------------------------------------


def rule() -> str:
    return PoolSettings.objects.values_list("rule", flat=True).get()


@pytest.mark.django_db
def test_a_saved_or_deleted_row_is_read_again() -> None:
    row = PoolSettings.objects.create(rule="weight")
    rules = Snapshot(rule, PoolSettings)
    assert rules() == "weight"

    row.rule = "random"
    row.save()

    assert rules() == "random"
    row.delete()
    with pytest.raises(PoolSettings.DoesNotExist):
        rules()


@pytest.mark.django_db
def test_a_write_without_a_save_is_told() -> None:
    PoolSettings.objects.create(rule="weight")
    rules = Snapshot(rule, PoolSettings)
    rules()

    PoolSettings.objects.update(rule="random")
    assert rules() == "weight"
    rules.drop()

    assert rules() == "random"


@pytest.mark.django_db(transaction=True)
def test_what_others_read_during_a_transaction_ends_with_it(
    threads: ThreadPoolExecutor,
) -> None:
    row = PoolSettings.objects.create(rule="weight")
    values = ["weight"]
    rules = Snapshot(lambda: values[0], PoolSettings)

    with transaction.atomic():
        row.rule = "random"
        row.save()
        # Another thread still finds the row as it was.
        assert threads.submit(rules).result(PATIENCE) == "weight"
        values[0] = "random"

    assert rules() == "random"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    # The threads of rows may have connections of other tests.
    monkeypatch.setattr(snapshot, "in_thread", asyncio.to_thread)
    moment = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def far(reads: Reads, now: list[float]) -> Callable[[str], str]:
    """Return `reads` from a database that is 60 ms away."""

    def read(name: str) -> str:
        now[0] += 0.06
        return reads(name)

    return read


def read_ahead() -> None:
    asyncio.run(snapshot.read_due())


def test_a_result_in_use_is_read_again_before_it_is_too_old(
    reads: Reads, now: list[float]
) -> None:
    words = Snapshot(far(reads, now))
    words("a")
    reads.value = "new"

    now[0] += 0.4
    read_ahead()
    assert words("a") == "old a"
    now[0] += 0.2
    read_ahead()

    assert words("a") == "new a"
    now[0] += 0.9
    words("a")
    assert reads.count == 2


def test_a_result_out_of_use_is_not_read_again(reads: Reads, now: list[float]) -> None:
    words = Snapshot(far(reads, now), kept_for=60.0)
    words("a")

    now[0] += 40.0
    read_ahead()

    assert reads.count == 1


def test_a_near_database_is_not_read_ahead(reads: Reads, now: list[float]) -> None:
    words = Snapshot(reads)
    words("a")

    now[0] += 0.6
    read_ahead()

    assert reads.count == 1


def test_reading_ahead_is_no_use(reads: Reads, now: list[float]) -> None:
    words = Snapshot(far(reads, now))
    words("a")

    for _ in range(20):
        now[0] += 0.6
        read_ahead()

    assert reads.count < 12


def test_many_results_are_not_read_ahead(reads: Reads, now: list[float]) -> None:
    words = Snapshot(far(reads, now))
    for number in range(50):
        words(str(number))

    now[0] += 0.6
    read_ahead()

    assert reads.count == 50


def test_an_error_of_reading_ahead_is_for_the_next_caller(now: list[float]) -> None:
    answers = ["fine"]

    def read() -> str:
        now[0] += 0.06
        return answers.pop()

    words = Snapshot(read)
    words()
    now[0] += 0.6
    read_ahead()

    with pytest.raises(IndexError):
        words()


def test_results_are_read_ahead_side_by_side(now: list[float]) -> None:
    meeting, meets = threading.Barrier(2), threading.Event()

    def read(name: str) -> str:
        now[0] += 0.06
        if meets.is_set():
            meeting.wait(PATIENCE)
        return name

    words = Snapshot(read)
    names = [words("a"), words("b")]

    now[0] += 0.6
    meets.set()
    read_ahead()

    assert [words("a"), words("b")] == names
    assert not meeting.broken
