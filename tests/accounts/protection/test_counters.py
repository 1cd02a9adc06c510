"""Counters and blocks in Redis: exact, with an end, and shared by all processes."""

from __future__ import annotations

from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from pytest_django.fixtures import Settings

from accounts.exceptions import AddressBlocked, TooManyRequests
from accounts.protection import counters
from accounts.protection.places import place_of
from accounts.protection.rules import BLOCK, LIMIT, Counter, Stage
from tests.e2e.faulty import RedisServer
from tests.relay import relay_to

PLACE = place_of("192.0.2.7")
PATH = "/mj/submit/imagine"


def of(
    namespace: str, *rules: dict[str, int], place: str = "192.0.2.7"
) -> list[Counter]:
    """Return the counters of rules for an address, a near and a wide network."""
    padded = [{"*/mj/*": each} if each else {} for each in rules]
    stage = Stage(namespace, ((), ()), padded)
    return list(stage.counters(PATH, place_of(place)))


def ask(
    limiting: list[Counter],
    blocking: list[Counter] | None = None,
    *,
    minutes: int = 0,
    place: str = "192.0.2.7",
) -> str:
    try:
        counters.count(place_of(place), limiting, blocking or [], minutes)
    except TooManyRequests:
        return "429"
    except AddressBlocked:
        return "403"
    return "passes"


def test_as_many_pass_as_a_window_allows(store: redis.Redis) -> None:
    rule = of(LIMIT, {"600": 3})

    answers = [ask(rule) for _ in range(5)]

    assert answers == ["passes"] * 3 + ["429"] * 2


def test_threads_at_once_pass_exactly_the_limit(store: redis.Redis) -> None:
    rule = of(LIMIT, {"600": 20, "3600": 1000})

    with ThreadPoolExecutor(16) as pool:
        answers = Tally(pool.map(lambda _: ask(rule), range(200)))

    assert answers == {"passes": 20, "429": 180}


def test_a_refused_request_is_counted_nowhere(store: redis.Redis) -> None:
    rules = of(LIMIT, {"600": 2, "3600": 100})

    for _ in range(10):
        ask(rules)

    assert store.mget(store.keys("*limit/*")) == ["2", "2"]


def test_the_wait_is_that_of_the_window_that_ends_last(store: redis.Redis) -> None:
    rules = of(LIMIT, {"60": 1, "3600": 1})
    ask(rules)

    with pytest.raises(TooManyRequests) as caught:
        counters.count(PLACE, rules, [], 0)

    assert 60 < int(caught.value.headers["Retry-After"]) <= 3600


def test_a_window_ends(store: redis.Redis) -> None:
    rule = of(LIMIT, {"60": 1})
    ask(rule)
    [key] = store.keys("*limit/*")
    assert 0 < store.ttl(key) <= 60

    store.delete(key)  # as its end does

    assert ask(rule) == "passes"


def test_neighbours_share_the_window_of_their_network(store: redis.Redis) -> None:
    def rule(place: str) -> list[Counter]:
        return of(LIMIT, {}, {"60": 2}, place=place)

    answers = [
        ask(rule(place), place=place)
        for place in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.3.1")
    ]

    assert answers == ["passes", "passes", "429", "passes"]


def test_a_full_counter_blocks_the_address_alone(store: redis.Redis) -> None:
    def near(place: str) -> list[Counter]:
        return of(BLOCK, {}, {"60": 1}, place=place)

    ask([], near("192.0.2.1"), minutes=5, place="192.0.2.1")
    answer = ask([], near("192.0.2.7"), minutes=5)

    assert answer == "403"
    assert ask([], minutes=5) == "403"  # for any path
    assert ask([], minutes=5, place="192.0.2.8") == "passes"
    assert [block.address for block in counters.blocks()] == ["192.0.2.7"]


def test_a_block_tells_its_end_and_its_rule(store: redis.Redis) -> None:
    rule = of(BLOCK, {"60": 1})
    ask([], rule, minutes=5)
    ask([], rule, minutes=5)

    with pytest.raises(AddressBlocked) as caught:
        counters.count(PLACE, [], [], 5)

    assert 0 < int(caught.value.headers["Retry-After"]) <= 300
    [block] = counters.blocks()
    assert block.rule
    assert (block.rule.pattern, block.rule.seconds) == ("*/mj/*", 60)
    assert (block.rule.network, block.rule.most) == ("192.0.2.7", 1)


def test_a_block_ends_by_itself(store: redis.Redis) -> None:
    rule = of(BLOCK, {"60": 1})
    ask([], rule, minutes=5)
    ask([], rule, minutes=5)

    store.zadd("mjproxy-protection:blocks", {"192.0.2.7": 1})

    assert ask([], minutes=5) == "passes"
    assert counters.blocks() == []


def test_blocks_that_are_switched_off_hold_nobody(store: redis.Redis) -> None:
    rule = of(BLOCK, {"60": 1})
    ask([], rule, minutes=5)
    ask([], rule, minutes=5)

    assert ask([], minutes=0) == "passes"


def test_who_is_unblocked_may_ask_again(store: redis.Redis) -> None:
    rules = of(BLOCK, {"60": 1}, {"3600": 1})
    ask([], rules, minutes=5)
    assert ask([], rules, minutes=5) == "403"

    assert counters.unblock("192.0.2.7") is True

    assert ask([], rules, minutes=5) == "passes"
    assert counters.unblock("192.0.2.8") is False


def test_a_limit_is_checked_before_a_block_is_made(store: redis.Redis) -> None:
    limit, block = of(LIMIT, {"60": 1}), of(BLOCK, {"60": 2})

    answers = [ask(limit, block, minutes=5) for _ in range(5)]

    assert answers == ["passes", "429", "429", "429", "429"]


def test_the_fullest_counters_come_first(store: redis.Redis) -> None:
    ask(of(LIMIT, {"60": 10}))
    ask(of(BLOCK, {"60": 2}, place="2001:db8::1"), place="2001:db8::1")

    shown = counters.fullest(5)

    assert [(each.network, each.percent, each.blocks) for each in shown] == [
        ("2001:db8::1", 50, True),
        ("192.0.2.7", 10, False),
    ]
    assert counters.fullest(1) == shown[:1]


def test_a_request_is_one_call_of_redis(store: redis.Redis) -> None:
    rules = of(LIMIT, {"60": 99, "600": 99}, {"60": 99}, {"60": 99})
    ask(rules, minutes=5)  # the script is loaded

    before = store.info("commandstats")["cmdstat_evalsha"]["calls"]
    sent = store.info("stats")["total_net_input_bytes"]
    ask(rules, minutes=5)

    after = store.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert after == before + 1
    assert store.info("stats")["total_net_input_bytes"] > sent


def test_requests_pass_while_redis_is_away(
    server: RedisServer,
    store: redis.Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rule = of(LIMIT, {"600": 1})
    with relay_to(server.port) as relay:
        settings.REDIS_URL = f"redis://127.0.0.1:{relay.port}/0"
        assert [ask(rule), ask(rule)] == ["passes", "429"]

    answers = [ask(rule) for _ in range(20)]

    assert answers == ["passes"] * 20
    told = [each for each in caplog.records if each.name == counters.__name__]
    assert len(told) == 1  # by the filter, or the module's own words
    settings.REDIS_URL = f"redis://127.0.0.1:{server.port}/0"
    monkeypatch.setattr(counters, "_rests_until", 0.0)
    assert ask(rule) == "429"
