from __future__ import annotations

import asyncio

import pytest

from mjproxy.lib.process.bulkhead import NoPlace, Places


async def test_whoever_has_had_their_share_waits_and_others_do_not() -> None:
    places, left, bob_came = Places(10, each=1), asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def hold(who: str) -> None:
        async with places.place(who):
            done.append(who)
            if who == "bob":
                bob_came.set()
            await left.wait()

    async with asyncio.TaskGroup() as tasks:
        for who in ("alice", "alice", "bob"):
            tasks.create_task(hold(who))
        await bob_came.wait()
        assert done == ["alice", "bob"]
        left.set()

    assert done == ["alice", "bob", "alice"]


@pytest.mark.parametrize(("in_all", "each"), [(1, 9), (9, 1)])
async def test_who_may_not_wait_is_refused_at_once(in_all: int, each: int) -> None:
    places = Places(in_all, each)

    async with places.place("alice"):
        with pytest.raises(NoPlace):
            async with places.place("alice", at_once=True):
                pass

    async with places.place("alice", at_once=True):
        pass


async def test_a_place_is_given_back_whatever_happens() -> None:
    places = Places(1, each=1)

    with pytest.raises(ZeroDivisionError):
        async with places.place("alice"):
            raise ZeroDivisionError

    async with places.place("alice", at_once=True):
        pass
    assert not places._of
