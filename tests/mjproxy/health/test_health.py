"""Answers of /healthz and /readyz, made from the signs of life."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from pytest_django.fixtures import Settings

from mjproxy.health import readiness
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import (
    LATE,
    MOST_BROKEN,
    PARTS,
    STEADY,
    WINDOW,
    Life,
    State,
)
from tests.conftest import ApiClient
from tests.mjproxy.health.health_pages import (
    ALL_WELL,
    REST_WELL,
    ROLES,
    Clock,
    healthz,
    readyz,
)

PATIENCE = 30


def test_where_all_live_all_is_well(
    stranger: ApiClient, everybody: dict[str, Life]
) -> None:
    assert healthz(stranger) == {"status": "ok", **ALL_WELL}
    ready = {"status": "ready", **ALL_WELL, **REST_WELL, "reasons": []}
    assert readyz(stranger) == (200, ready)


def reason_of(part: str) -> str:
    article = {"worker": "no worker", "beat": "no beat", "gateway": "no gateway"}[part]
    return f"{article} has been seen for ten seconds"


@pytest.mark.parametrize("role", ROLES)
def test_a_dead_one_is_named(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock, role: str
) -> None:
    clock.now += LATE + 1
    for name, each in everybody.items():
        each._next = 0.0
        if name != role:
            each.sign()

    part = role.partition(".")[0]
    assert healthz(stranger) == {"status": "degraded", **ALL_WELL, part: "down"}
    status, words = readyz(stranger)
    assert (status, words["status"], words[part]) == (503, "not ready", "down")
    assert words["reasons"] == [reason_of(part)]


@pytest.mark.parametrize("role", ROLES)
def test_one_that_ends_as_it_should_is_down_at_once(
    stranger: ApiClient, everybody: dict[str, Life], role: str
) -> None:
    everybody[role].end()

    assert healthz(stranger)[role.partition(".")[0]] == "down"


def crash(role: str, clock: Clock, times: int) -> None:
    """Let a process live for a moment only, again and again."""
    for _ in range(times):
        clock.now += 5
        Life(role).begin()


@pytest.mark.parametrize("role", ROLES)
def test_one_that_breaks_again_and_again_is_named(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock, role: str
) -> None:
    clock.now += LATE
    crash(role, clock, MOST_BROKEN + 3)
    for name, each in everybody.items():
        each._next = 0.0
        if name != role:
            each.sign()

    part = role.partition(".")[0]
    assert healthz(stranger)[part] == "restarting"
    assert readyz(stranger)[0] == 503


def test_beside_one_that_lives_it_is_named_and_drawings_go_on(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock
) -> None:
    crash("gateway", clock, MOST_BROKEN + 3)
    for each in everybody.values():
        each._next = 0.0
        each.sign()

    assert healthz(stranger)["gateway"] == "restarting"
    assert readyz(stranger)[0] == 200


def test_a_restart_now_and_then_is_no_crash_loop(clock: Clock) -> None:
    for _ in range(10):
        one = Life("beat")
        one.begin()
        clock.now += WINDOW / 2
        one._next = 0.0
        one.sign()

    assert signs_of_life.look("beat").state is State.OK


def test_many_that_start_together_are_no_crash_loop(clock: Clock) -> None:
    for _ in range(8):
        Life("gateway").begin()

    assert signs_of_life.look("gateway") == signs_of_life.Seen(State.OK, works=True)


def test_who_was_stopped_on_purpose_has_not_broken(clock: Clock) -> None:
    for _ in range(8):
        one = Life("gateway")
        one.begin()
        one.end()
    Life("gateway").begin()

    assert signs_of_life.look("gateway").state is State.OK


def test_a_crash_loop_is_forgotten_when_it_is_over(clock: Clock) -> None:
    crash("beat", clock, 8)
    assert signs_of_life.look("beat").state is State.RESTARTING

    one = Life("beat")
    one.begin()
    clock.now += WINDOW + STEADY
    one._next = 0.0
    one.sign()

    assert signs_of_life.look("beat").state is State.OK


def test_without_redis_nobody_knows(
    stranger: ApiClient, server: redis.Redis, settings: Settings, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    signs_of_life.client.cache_clear()
    one = Life("beat")
    one.begin()
    one.sign()
    one.end()  # none of it raises

    words = healthz(stranger)

    assert (words["status"], words["redis"]) == ("degraded", "down")
    assert {words[part] for part in PARTS} == {"unknown"}
    assert readyz(stranger)[0] == 503


def test_without_the_database_neither_is_well(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "database", lambda: "down")

    for path in ("/healthz", "/readyz"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_who_asks_again_and_again_does_not_fill_the_log(
    stranger: ApiClient,
    everybody: dict[str, Life],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(readiness, "database", lambda: "down")

    for path in ("/healthz", "/readyz"):
        assert stranger.get(path).status_code == 503

    assert caplog.records == []


@pytest.mark.parametrize(
    ("part", "word", "reason"),
    [
        ("writes", "read-only", "the database takes no writes: it is read-only"),
        ("writes", "full", "the database takes no writes: its disk is full"),
        ("tables", "missing", "the tables are older than the program"),
        ("accounts", "none", "no account is connected to Discord"),
        ("disk", "full", "the disk of the data folder is nearly full"),
    ],
)
def test_each_reason_why_nothing_is_drawn_is_told(
    stranger: ApiClient,
    everybody: dict[str, Life],
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    word: str,
    reason: str,
) -> None:
    monkeypatch.setattr(readiness, part, lambda: word)

    status, words = readyz(stranger)

    assert (status, words[part]) == (503, word)
    assert [said for said in words["reasons"] if reason in said]
    assert healthz(stranger)["status"] == "ok"  # requests are answered all the same


def test_a_redis_that_takes_no_writes_is_down(
    stranger: ApiClient, everybody: dict[str, Life], server: redis.Redis
) -> None:
    server.config_set("maxmemory", "1")
    try:
        status, words = readyz(stranger)
    finally:
        server.config_set("maxmemory", "0")

    assert (status, words["redis"], words["worker"]) == (503, "down", "ok")
    assert "takes no writes" in words["reasons"][0]
    assert readyz(stranger)[0] == 200
