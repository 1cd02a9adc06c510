from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from accounts.models import User
from mjproxy.lib.process import event_loop
from tasks.enums import TaskStatus
from tasks.models import InputPicture, SwapSettings, Task
from tasks.pictures import store
from tasks.services import CANCELLED, cancel
from tasks.submit.row import Caller
from tasks.swaps import rows, steps
from tasks.swaps.submit import submit_picture_swap, submit_video_swap
from tests.http_server import always
from tests.pictures import picture
from tests.tasks.swaps.conftest import FACE
from tests.tasks.swaps.simulated import Simulated, overdue, run, start, step

pytestmark = pytest.mark.django_db(transaction=True)
Submit = Callable[..., Task]


# --- the whole way --------------------------------------------------------------------


def test_a_face_is_put_into_a_picture(swap: Submit, provider: Simulated) -> None:
    task = run(swap(), provider)

    assert task.status == TaskStatus.SUCCESS, task.fail_reason
    (paid,) = provider.paid
    assert set(paid.input) == {"swap_image", "input_image"}
    assert (task.picture_width, task.picture_height) == (40, 30)
    path = store.kept_path(task)
    assert path
    with Image.open(io.BytesIO(path.read_bytes())) as result:
        assert result.size == (40, 30)
        assert result.getpixel((6, 6)) == (255, 0, 0)
        assert result.getpixel((35, 25)) == (0, 0, 255)
    assert not InputPicture.objects.filter(task=task).exists()


def test_a_face_is_put_into_a_video(swapper: User, provider: Simulated) -> None:
    video = (16).to_bytes(4, "big") + b"ftypisom" + bytes(4)
    caller = Caller(swapper)
    task = submit_video_swap(caller=caller, source=FACE, video=video).task

    run(task, provider)

    assert task.status == TaskStatus.SUCCESS, task.fail_reason
    assert task.picture_type == "video/mp4"
    path = store.kept_path(task)
    assert path
    assert path.read_bytes().startswith(video)
    (paid,) = provider.paid
    assert [file.content_type for file in paid.files] == ["image/png", "video/mp4"]


def test_links_are_fetched_by_the_worker(
    swapper: User, png_server: Any, provider: Simulated
) -> None:
    png_server.handler = always(body=picture())
    links = {"source_url": f"{png_server.origin}/a", "target_url": png_server.origin}
    task = submit_picture_swap(caller=Caller(swapper), **links).task
    assert not png_server.calls

    run(task, provider)

    assert task.status == TaskStatus.SUCCESS, task.fail_reason
    assert (task.swap_source, task.swap_target) == tuple(links.values())
    assert len(png_server.calls) == 2


def test_progress_is_told(swap: Submit, provider: Simulated) -> None:
    provider.knobs(swap_outcome="hang")
    task = swap()

    run(task, provider)

    assert (task.status, task.progress) == (TaskStatus.IN_PROGRESS, 10)
    assert task.is_begun


def test_a_step_that_is_not_due_is_not_taken(swap: Submit, provider: Simulated) -> None:
    task = swap()
    start(task)
    rows.rest(task.pk, 60)

    event_loop.run(steps.attend(task.pk))

    assert not provider.paid
    assert rows.due_ones() == []


# --- the end by a person or the clock -------------------------------------------------


def test_a_cancel_reaches_the_provider(swap: Submit, provider: Simulated) -> None:
    provider.knobs(swap_outcome="hang")
    task = run(swap(), provider)

    assert cancel(task)
    step(task)

    assert provider.paid[0].status == "canceled"
    assert (task.status, task.fail_reason) == (TaskStatus.FAILURE, CANCELLED)


def test_a_cancel_that_comes_too_late_gives_the_result(
    swap: Submit, provider: Simulated
) -> None:
    task = swap()
    start(task)
    step(task)
    provider.rest()

    assert cancel(task)
    step(task)

    assert task.status == TaskStatus.SUCCESS


def test_a_cancel_before_the_order_costs_nothing(
    swap: Submit, provider: Simulated
) -> None:
    waiting, started = swap(), swap()
    cancel(waiting)
    start(started)
    cancel(started)

    step(started)

    waiting.refresh_from_db()
    assert [waiting.status, started.status] == ["FAILURE", "FAILURE"]
    assert started.fail_reason == CANCELLED
    assert not provider.paid


def test_a_cancel_is_repeated_until_the_provider_has_heard_of_it(
    swap: Submit, provider: Simulated
) -> None:
    provider.knobs(swap_outcome="hang")
    provider.rule("POST /v1/predictions/*/cancel", http={"status": 503})
    task = run(swap(), provider)
    cancel(task)

    step(task)
    assert task.status == TaskStatus.IN_PROGRESS
    provider.obey()
    step(task)

    assert task.fail_reason == CANCELLED
    assert provider.paid[0].status == "canceled"


@pytest.mark.parametrize("is_away", [False, True])
def test_after_its_time_a_swap_is_stopped(
    swap: Submit, provider: Simulated, *, is_away: bool
) -> None:
    provider.knobs(swap_outcome="hang")
    task = run(swap(), provider)
    overdue(task, minutes=3)
    if is_away:
        provider.rule("* /v1/predictions/*", http={"status": 503})

    step(task)

    assert task.status == TaskStatus.FAILURE
    assert task.fail_reason.startswith("执行超时 10 分钟 / ")
    assert provider.paid[0].status == ("processing" if is_away else "canceled")


def test_what_had_not_begun_ends_when_it_is_switched_off(
    swap: Submit, swaps_on: SwapSettings, provider: Simulated
) -> None:
    begun, waiting = swap(), swap()
    start(begun)
    step(begun)
    swaps_on.enabled = False
    swaps_on.save()

    step(waiting)
    provider.rest()
    step(begun)

    assert waiting.fail_reason == steps.OFF
    assert begun.status == TaskStatus.SUCCESS
    assert len(provider.paid) == 1


def test_the_webhook_of_an_operator_goes_along(
    swap: Submit, swaps_on: SwapSettings, provider: Simulated
) -> None:
    swaps_on.webhook = "https://hooks.example/swap"
    swaps_on.save()
    task = swap()
    start(task)

    step(task)

    (paid,) = provider.paid
    assert (paid.webhook, paid.events) == (swaps_on.webhook, ["start", "completed"])
