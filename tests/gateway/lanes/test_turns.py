from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import PriorityClass
from gateway.lanes.turns import DELAY, Turns, Waiter, next_turn

LOW, NORMAL, HIGH = PriorityClass.LOW, PriorityClass.NORMAL, PriorityClass.HIGH


@dataclass
class Queue:
    """Users with waiting tasks; each turn sends one."""

    turns: Turns = field(default_factory=Turns)
    tasks: dict[int, list[int]] = field(default_factory=dict)
    classes: dict[int, int] = field(default_factory=dict)
    held_back: set[int] = field(default_factory=set)
    running: Counter[int] = field(default_factory=Counter)
    last: int = 0

    def submit(self, user: int, count: int = 1, priority: int = NORMAL) -> None:
        self.classes[user] = priority
        for _ in range(count):
            self.last += 1
            self.tasks.setdefault(user, []).append(self.last)

    @property
    def able(self) -> set[int]:
        return set(self.tasks) - self.held_back

    def turn(self) -> int | None:
        """Send the next task; return whose it was."""
        line = [
            Waiter(
                user,
                self.classes[user],
                self.running[user],
                None if user in self.held_back else min(tasks),
            )
            for user, tasks in self.tasks.items()
        ]
        task, self.turns = next_turn(line, self.turns)
        if task is None:
            return None
        user = next(user for user, tasks in self.tasks.items() if task in tasks)
        assert task == min(self.tasks[user]), "within one user, the oldest goes first"
        self.tasks[user].remove(task)
        if not self.tasks[user]:
            del self.tasks[user]
        return user

    def order(self, count: int) -> list[int | None]:
        return [self.turn() for _ in range(count)]


def test_one_user_is_served_in_order_and_no_turn_is_counted() -> None:
    queue = Queue()
    queue.submit(1, 3)

    assert queue.order(4) == [1, 1, 1, None]
    assert queue.turns == Turns()


def test_who_comes_late_does_not_wait_for_the_others_whole_queue() -> None:
    queue = Queue()
    queue.submit(1, 40)
    queue.order(3)

    queue.submit(2)

    assert 2 in queue.order(2)


def test_who_has_nothing_running_goes_first() -> None:
    queue = Queue()
    queue.submit(1, 40)
    queue.submit(2, 2)
    queue.running[1] = 3

    assert queue.order(4) == [2, 1, 2, 1]


def test_users_take_turns() -> None:
    queue = Queue()
    for user in (1, 2, 3):
        queue.submit(user, 4)

    assert Counter(queue.order(9)) == {1: 3, 2: 3, 3: 3}


def test_who_submits_again_at_once_does_not_come_before_the_others() -> None:
    queue = Queue()
    queue.submit(1, 40)
    served = []
    for _ in range(20):
        if 2 not in queue.tasks:
            queue.submit(2)
        served.append(queue.turn())

    assert Counter(served) == {1: 10, 2: 10}


def test_newcomers_without_end_do_not_keep_anybody_waiting() -> None:
    queue = Queue()
    queue.submit(1, 40)
    served = []
    for newcomer in range(100, 120):
        queue.submit(newcomer, priority=NORMAL)
        served.append(queue.turn())

    assert served.count(1) >= 1


@pytest.mark.parametrize(("first", "second"), [(HIGH, NORMAL), (NORMAL, LOW)])
def test_a_higher_class_goes_first(first: int, second: int) -> None:
    queue = Queue()
    queue.submit(1, 3, priority=second)
    queue.submit(2, 3, priority=first)

    assert queue.order(6) == [2, 2, 2, 1, 1, 1]


@pytest.mark.parametrize("priority", [LOW, NORMAL])
def test_a_lower_class_has_its_turn_in_time(priority: int) -> None:
    queue = Queue()
    queue.submit(1, 2, priority=priority)
    queue.submit(2, 100, priority=HIGH)

    first, second = (place for place, user in enumerate(queue.order(60)) if user == 1)

    assert first <= DELAY[priority] + 2
    assert second - first <= DELAY[priority] + 2


def test_what_is_held_back_stops_nobody() -> None:
    queue = Queue()
    queue.submit(1, 2, priority=HIGH)
    queue.submit(2, 2)
    queue.held_back = {1}

    assert queue.order(3) == [2, 2, None]

    queue.held_back = set()
    assert queue.turn() == 1


_users = st.integers(1, 8)
_steps = st.lists(
    st.tuples(
        st.lists(st.tuples(_users, st.integers(1, 5)), max_size=3),  # who submits
        st.sets(_users, max_size=3),  # who is held back
        st.sets(_users, max_size=1),  # who cancels everything
    ),
    max_size=120,
)


@given(_steps, st.lists(st.sampled_from([LOW, NORMAL, HIGH]), min_size=9, max_size=9))
def test_nobody_is_passed_over_more_often_than_promised(
    steps: list[tuple[list[tuple[int, int]], set[int], set[int]]], classes: list[int]
) -> None:
    queue = Queue()
    passed: Counter[int] = Counter()
    crowd: dict[int, int] = {}
    for submits, held_back, cancels in steps:
        for user in cancels:
            queue.tasks.pop(user, None)
            passed.pop(user, None)
            crowd.pop(user, None)
        for user, count in submits:
            queue.submit(user, count, classes[user])
        queue.held_back = held_back
        able, waiting = queue.able, set(queue.tasks)
        served = queue.turn()
        assert (served is None) is (not able), "a slot is never left empty"
        for user in waiting:
            crowd[user] = max(crowd.get(user, 0), len(waiting))
        for user in able - {served}:
            passed[user] += 1
            assert passed[user] <= crowd[user] + DELAY[classes[user]]
        if served is not None:
            passed.pop(served, None)
            crowd.pop(served, None)
