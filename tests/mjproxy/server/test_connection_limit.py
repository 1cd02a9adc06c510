from __future__ import annotations

import resource
from dataclasses import dataclass, field

import pytest

from mjproxy.server.connection_limit import MOST, Places, places_for


@dataclass(eq=False)
class Connection:
    dropped: list[bool] = field(default_factory=list)

    def drop(self) -> None:
        self.dropped.append(True)


def taken(places: Places[Connection], address: str) -> Connection:
    assert places.make_room(address)
    connection = Connection()
    places.take(connection, address)
    return connection


def test_the_oldest_idle_connection_gives_way() -> None:
    places: Places[Connection] = Places(2, 2, 100)
    first, second = taken(places, "a"), taken(places, "b")

    taken(places, "c")

    assert (first.dropped, second.dropped) == ([True], [])
    assert len(places) == 2


def test_who_is_answered_does_not_give_way() -> None:
    places: Places[Connection] = Places(2, 2, 100)
    first, second = taken(places, "a"), taken(places, "b")
    places.busy(first)

    taken(places, "c")

    assert (first.dropped, second.dropped) == ([], [True])


def test_where_all_are_answered_nobody_comes_in() -> None:
    places: Places[Connection] = Places(1, 1, 100)
    first = taken(places, "a")
    places.busy(first)

    assert not places.make_room("b")
    places.idle(first)
    assert places.make_room("b")


def test_an_address_with_too_many_gives_up_one_of_its_own() -> None:
    places: Places[Connection] = Places(10, 2, 100)
    other = taken(places, "b")
    own = [taken(places, "a") for _ in range(3)]

    assert (other.dropped, own[0].dropped) == ([], [True])


def test_an_unknown_address_has_no_share() -> None:
    places: Places[Connection] = Places(10, 2, 100)

    for _ in range(10):
        taken(places, "")

    assert len(places) == 10


def test_a_connection_leaves_once() -> None:
    places: Places[Connection] = Places(1, 1, 100)
    first = taken(places, "a")
    places.leave(first)
    places.leave(first)
    places.idle(first)

    assert len(places) == 0
    assert places.make_room("a")


def test_the_oldest_bodies_give_way_to_new_ones() -> None:
    places: Places[Connection] = Places(10, 10, 100)
    first, second, third = (taken(places, "a") for _ in range(3))
    places.keep(first, 60)
    places.keep(second, 40)

    places.keep(third, 50)

    assert (first.dropped, second.dropped, third.dropped) == ([True], [], [])


def test_a_body_that_was_read_counts_no_more() -> None:
    places: Places[Connection] = Places(10, 10, 100)
    first, second = taken(places, "a"), taken(places, "a")
    places.keep(first, 90)
    places.let_go(first)
    places.let_go(first)

    places.keep(second, 90)

    assert (first.dropped, second.dropped) == ([], [])


@pytest.mark.parametrize(
    ("files", "most"),
    [(1024, 384), (65_536, MOST), (resource.RLIM_INFINITY, MOST), (64, 16)],
)
def test_there_are_as_many_places_as_open_files_allow(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))

    alone: Places[Connection] = places_for(each_address=True)
    behind_a_proxy: Places[Connection] = places_for(each_address=False)

    assert (alone.most, alone.most_of_address) == (most, most // 4)
    assert behind_a_proxy.most_of_address == most
