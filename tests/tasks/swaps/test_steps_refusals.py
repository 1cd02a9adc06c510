from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import TaskStatus
from tasks.models import Swap, SwapSettings, Task
from tasks.pictures import store
from tasks.submit.row import Caller
from tasks.swaps import steps
from tasks.swaps.submit import submit_picture_swap
from tests.factories import make_finished
from tests.http_server import always
from tests.pictures import picture
from tests.tasks.swaps.conftest import FACE
from tests.tasks.swaps.simulated import Simulated, overdue, run, start, step

pytestmark = pytest.mark.django_db(transaction=True)
Submit = Callable[..., Task]
PREDICTIONS = "POST /v1/predictions"


def row_of(task: Task) -> Swap:
    return Swap.objects.get(pk=task.pk)


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"detail": "bad token"}, "does not accept its token: bad token"),
        (402, {"title": "no money"}, "no credit left: no money"),
        (403, {}, "refused access"),
        (404, "<html>", "does not know"),
        (422, {"detail": ["input"]}, "refused the input"),
        (422, {"detail": "NSFW content"}, "not safe for work"),
        (302, {}, "refused it (302)"),
    ],
)
def test_a_refusal_ends_the_task_with_its_reason(
    swap: Submit, provider: Simulated, status: int, body: Any, words: str
) -> None:
    provider.rule(PREDICTIONS, http={"status": status, "body": body})
    task = swap()
    start(task)

    step(task)

    assert task.status == TaskStatus.FAILURE
    assert words in task.fail_reason
    assert not provider.paid


def test_a_busy_provider_is_asked_again_later(
    swap: Submit, provider: Simulated
) -> None:
    busy = {"status": 429, "body": {"detail": "slow"}, "headers": {"Retry-After": "9"}}
    provider.rule(PREDICTIONS, times=1, http=busy)
    task = swap()
    start(task)

    step(task)

    row = row_of(task)
    assert (task.status, row.asked_at, row.failures) == ("SUBMITTED", None, 1)
    assert row.next_at
    assert timedelta(seconds=5) < row.next_at - timezone.now() < timedelta(seconds=9)
    assert "busy" in task.waiting_reason
    step(task)
    assert len(provider.paid) == 1
    assert task.waiting_reason == ""


def test_a_provider_that_is_away_is_tried_until_the_time_is_over(
    swap: Submit, swaps_on: SwapSettings
) -> None:
    task = swap()
    swaps_on.url = "http://127.0.0.1:9"
    swaps_on.save()
    start(task)

    step(task, times=3)
    assert (task.status, row_of(task).failures) == (TaskStatus.SUBMITTED, 3)
    overdue(task)
    step(task)

    assert task.fail_reason.startswith("执行超时 10 分钟")


def test_the_token_does_not_go_to_a_private_address(
    swap: Submit, swaps_on: SwapSettings, provider: Simulated, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    task = swap()
    start(task)

    step(task)

    assert task.status == TaskStatus.SUBMITTED
    assert "not a public one" in task.waiting_reason
    assert provider.simulator.core.ledger.request_count == 0


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed", "the face swap failed: CUDA out of memory"),
        ("nsfw", "not safe for work"),
        ("no_face", "no face was found"),
        ("stopped", "has stopped it"),
        ("empty", "gave no result"),
        ("private", "结果无法获取"),
        ("expired", "HTTP 404"),
        ("html", "结果无法获取"),
        ("huge", "larger than"),
    ],
)
def test_an_end_without_a_result_has_a_reason(
    swap: Submit, provider: Simulated, outcome: str, words: str
) -> None:
    provider.knobs(swap_outcome=outcome)

    task = run(swap(), provider)

    assert task.status == TaskStatus.FAILURE
    assert words in task.fail_reason
    assert not store.kept_path(task)


def test_a_result_that_cannot_be_had_now_is_fetched_later(
    swap: Submit, provider: Simulated
) -> None:
    provider.rule("GET /swaps/output/*", http={"status": 503})
    task = run(swap(), provider)
    assert task.status == TaskStatus.IN_PROGRESS
    overdue(task, minutes=1)  # it is paid: its time being over does not end it
    provider.obey()

    step(task)

    assert task.status == TaskStatus.SUCCESS


def test_a_prediction_that_is_unknown_ends_the_task(
    swap: Submit, provider: Simulated
) -> None:
    task = swap()
    start(task)
    step(task)
    provider.rest()
    provider.simulator.swaps.predictions.clear()

    step(task)

    assert task.fail_reason == steps.GONE


def test_a_look_that_fails_is_repeated(swap: Submit, provider: Simulated) -> None:
    task = swap()
    start(task)
    step(task)
    provider.rest()
    for status in (500, 429, 401):
        provider.rule("GET /v1/predictions/*", times=1, http={"status": status})

    step(task)
    assert task.status == TaskStatus.IN_PROGRESS
    provider.obey()
    step(task)

    assert task.status == TaskStatus.SUCCESS


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<!doctype html>", "image/png", "it is image/png"),
        (picture(kind="GIF")[:40], "image/gif", "链接错误"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20 << 20), "image/png", "larger than"),
    ],
)
def test_a_link_to_no_picture_ends_the_task(
    swap: Submit,
    png_server: Any,
    provider: Simulated,
    body: bytes,
    kind: str,
    words: str,
) -> None:
    png_server.handler = always(body=body, content_type=kind)
    task = swap(source="", source_url=png_server.origin)
    start(task)

    step(task)

    assert task.status == TaskStatus.FAILURE
    assert words in task.fail_reason
    assert not provider.paid


def test_an_own_picture_that_is_not_kept_any_more_ends_the_task(
    swapper: User, provider: Simulated
) -> None:
    own = make_finished(swapper, picture_source="https://elsewhere.example/a.png")
    link = f"http://127.0.0.1/images/{own.pk}/{own.picture_key}.png"
    caller = Caller(swapper)
    task = submit_picture_swap(caller=caller, source_url=link, target=FACE).task
    start(task)

    step(task)

    assert task.status == TaskStatus.FAILURE
    assert "it is not kept" in task.fail_reason
    assert not provider.paid
