from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from django.test import AsyncClient
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.people import passes
from gateway.live import open_streams, sse
from mjproxy.lib.process import backoff
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.conftest import ALICES_KEY, BOBS_KEY, ApiClient
from tests.factories import make_finished, make_task

pytestmark = pytest.mark.django_db(transaction=True)


async def opened(task: Task, prefix: str = "/mj", **headers: str) -> Any:
    headers = {"mj-api-secret": ALICES_KEY, **headers}
    return await AsyncClient().get(f"{prefix}/task/{task.pk}/stream", headers=headers)


async def next_event(parts: AsyncIterator[bytes]) -> dict[str, Any]:
    async for part in parts:
        if part.startswith(b"event:"):
            lines = dict(
                line.split(": ", 1) for line in part.decode().strip().splitlines()
            )
            return {**lines, "data": orjson.loads(lines["data"])}
    raise AssertionError("the stream ended")


async def changed(task: Task, **fields: Any) -> None:
    await Task.objects.filter(pk=task.pk).aupdate(**fields)
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    message = {"type": "task.changed", "task_ids": [task.pk]}
    await layer.group_send(f"task.{task.pk}", message)


@pytest.mark.parametrize(
    "prefix", ["/mj", "/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj"]
)
async def test_it_tells_the_state_each_change_and_the_end(
    alice: User, prefix: str
) -> None:
    task = await sync_to_async(make_task)(alice)
    response = await opened(task, prefix)
    parts = aiter(response.streaming_content)

    first = await next_event(parts)
    await changed(task, status=TaskStatus.IN_PROGRESS, progress=31, revision=1)
    second = await next_event(parts)
    await changed(task, status=TaskStatus.SUCCESS, revision=2)
    last = await next_event(parts)

    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Accel-Buffering"] == "no"
    assert (first["id"], first["data"]["status"]) == ("0", "NOT_START")
    assert (second["id"], second["data"]["progress"]) == ("1", "31%")
    assert (last["id"], last["data"]["status"]) == ("2", "SUCCESS")
    assert [part async for part in parts] == []


async def test_it_goes_on_after_the_last_event_that_was_seen(alice: User) -> None:
    task = await sync_to_async(make_task)(alice, revision=4)
    response = await opened(task, **{"last-event-id": "4"})
    parts = aiter(response.streaming_content)
    assert (await anext(parts)).startswith(b"retry:")

    await changed(task, revision=5)

    assert (await next_event(parts))["id"] == "5"
    await parts.aclose()


async def test_a_lost_nudge_is_made_good(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LOOK_EVERY", 0.05)
    task = await sync_to_async(make_task)(alice)
    parts = aiter((await opened(task)).streaming_content)
    await next_event(parts)

    await Task.objects.filter(pk=task.pk).aupdate(revision=1)

    assert (await next_event(parts))["id"] == "1"
    await parts.aclose()


async def test_a_comment_keeps_a_silent_stream_open(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "COMMENT_EVERY", 0.3)
    task = await sync_to_async(make_task)(alice)
    parts = aiter((await opened(task)).streaming_content)
    await next_event(parts)

    assert (await anext(parts)).startswith(b":")
    await parts.aclose()


async def test_an_end_that_was_seen_is_not_told_again(alice: User) -> None:
    task = await sync_to_async(make_finished)(alice, revision=3)

    response = await opened(task, **{"last-event-id": "3"})

    assert response.status_code == 204


@pytest.mark.parametrize("task_id", ["1234567890123456", "nonsense", "9" * 40])
def test_an_unknown_task_is_404_in_json(api: ApiClient, task_id: str) -> None:
    response = api.get(f"/mj/task/{task_id}/stream")

    assert response.status_code == 404
    assert response.json()["success"] is False


def test_somebody_elses_task_is_as_unknown(bob_api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert bob_api.get(f"/mj/task/{task.pk}/stream").status_code == 404


def test_a_stranger_is_refused(stranger: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert stranger.get(f"/mj/task/{task.pk}/stream").status_code == 401


async def test_a_user_has_a_limited_number_of_streams(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "MOST_OF_USER", 1)
    task = await sync_to_async(make_task)(alice)
    others = await sync_to_async(make_task)(bob)
    first: Any = aiter(await opened(task))
    await next_event(first)

    refused = await opened(task)
    of_another = await opened(others, **{"mj-api-secret": BOBS_KEY})
    await first.aclose()
    again = await opened(task)

    assert (refused.status_code, refused.json()["success"]) == (429, False)
    assert refused["Retry-After"] == "10"
    assert (of_another.status_code, again.status_code) == (200, 200)


async def test_a_stream_that_was_never_read_gives_its_place_back(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "MOST", 1)
    task = await sync_to_async(make_task)(alice)
    response = await opened(task)
    assert (await opened(task)).status_code == 429

    del response
    gc.collect()

    assert (await opened(task)).status_code == 200


async def test_without_a_channel_layer_it_is_asked_for_less_and_less(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []

    async def away() -> str:
        if len(attempts) == 6:
            raise asyncio.CancelledError
        raise ConnectionError

    def delay(attempt: int, **_: Any) -> float:
        attempts.append(attempt)
        return 0.0

    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    monkeypatch.setattr(layer, "new_channel", away)
    monkeypatch.setattr(backoff, "delay", delay)

    with pytest.raises(asyncio.CancelledError):
        await sse._listen(("task.1",), asyncio.Event())

    assert attempts == [1, 2, 3, 4, 5, 6]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("nudged", [True, False])
@pytest.mark.parametrize("end", ["key", "disabled", "deleted"])
async def test_a_stream_ends_with_its_key_and_its_user(
    alice: User, monkeypatch: pytest.MonkeyPatch, end: str, nudged: bool
) -> None:
    monkeypatch.setattr(sse, "LOOK_EVERY", 3600.0 if nudged else 0.05)
    task = await sync_to_async(make_task)(alice)
    parts = aiter((await opened(task)).streaming_content)
    await next_event(parts)

    def act() -> None:
        match end:
            case "key":
                passes.revoke(alice.api_keys.all())
            case "disabled":
                User.objects.update(is_active=False)
                passes.send_access_changed(alice.pk)
            case "deleted":
                passes.delete_user(alice)

    if not nudged:
        monkeypatch.setattr(passes, "send_access_changed", lambda _: None)
    await sync_to_async(act)()

    async with asyncio.timeout(10):
        rest = [part async for part in parts]
    assert [part for part in rest if part.startswith(b"event:")] == []


async def test_a_stream_ends_at_the_end_of_its_key(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LOOK_EVERY", 3600.0)  # not by a later look
    task = await sync_to_async(make_task)(alice)
    await ApiKey.objects.aupdate(expires_at=timezone.now() + timedelta(seconds=1))

    async with asyncio.timeout(10):
        parts = [part async for part in (await opened(task)).streaming_content]

    assert len([part for part in parts if part.startswith(b"event:")]) == 1
