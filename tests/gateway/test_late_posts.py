"""Whatever is posted: between its claim and its post time may pass, or it may break."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway import jobs, timing
from gateway.discord import clients
from gateway.events.matching import snowflake_at
from gateway.models import AccountQuery, CommandIndex
from gateway.sending import dispatch, errands, queries, window_answers
from gateway.sending.cancel import press_cancel
from gateway.sockets.history import judge
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.custom_ids import PAGE_PREFIX
from tasks.enums import (
    Delivery,
    ErrandKind,
    ErrandState,
    TaskAction,
    TaskStatus,
    WindowState,
)
from tasks.errands import send_on
from tasks.models import Errand, Task
from tests import nudged
from tests.factories import make_finished
from tests.gateway.fakes import FakeHttp
from tests.gateway.query_rows import make_query
from tests.gateway.rows import (
    COMMANDS,
    again,
    make_pressed,
    make_running,
    make_waiting,
)
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)

Meanwhile = Callable[[], object]


# What posts, and what gives its claim to another, or ends it, before the post.


def draw_task(alice: User, live: DiscordAccount) -> tuple[Meanwhile, Meanwhile]:
    task = make_waiting(alice, live)
    return lambda: dispatch.run_lane(live.pk), _ends(task)


def answer_window(alice: User, live: DiscordAccount) -> tuple[Meanwhile, Meanwhile]:
    facts: dict[str, Any] = {"window_id": "MJ::x", "interaction_id": "5"}
    facts |= {"window": WindowState.OPEN, "action": TaskAction.VARIATION}
    task = make_pressed(alice, live, "variation", **facts)
    return lambda: event_loop.run(window_answers.answer(task.pk)), _ends(task)


def cancel_task(alice: User, live: DiscordAccount) -> tuple[Meanwhile, Meanwhile]:
    facts = {"job_id": JOB, "progress_message_id": "1311111111111115001"}
    now = timezone.now()
    task = make_running(alice, live, cancel_requested_at=now, **facts)
    return lambda: press_cancel(task.pk), _ends(task)


def ask_bot(alice: User, live: DiscordAccount) -> tuple[Meanwhile, Meanwhile]:
    CommandIndex.objects.update(commands=[COMMANDS[0] | {"name": "info"}])
    make_query(live)
    taken = AccountQuery.objects.update
    return lambda: queries.run_next(live.pk), lambda: taken(nonce="another")


def press_button(alice: User, live: DiscordAccount) -> tuple[Meanwhile, Meanwhile]:
    task = make_finished(alice, account=live)
    kind = ErrandKind.PRESS
    errand = send_on(kind, owner=alice, account=live, task=task, custom_id="MJ::x")
    over = Errand.objects.update
    return lambda: event_loop.run(errands.run(errand.pk)), lambda: over(nonce="another")


def _ends(task: Task) -> Meanwhile:
    rows = Task.objects.filter(pk=task.pk)
    return lambda: rows.update(status=TaskStatus.FAILURE)


EVERYTHING = [draw_task, answer_window, cancel_task, ask_bot, press_button]


class Slot:
    """A slot that is long in coming: meanwhile something happens."""

    def __init__(self, meanwhile: Meanwhile) -> None:
        self.meanwhile = meanwhile

    async def __aenter__(self) -> None:
        await in_thread(self.meanwhile)

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("scene", EVERYTHING)
@pytest.mark.parametrize("is_lost", [True, False])
def test_a_late_post_leaves_only_if_its_claim_still_holds(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    scene: Callable[[User, DiscordAccount], tuple[Meanwhile, Meanwhile]],
    *,
    is_lost: bool,
) -> None:
    post, another = scene(alice, live)
    slot: Any = Slot(another if is_lost else bool)
    monkeypatch.setattr(http, "slot", slot)
    # Each post finds its claim old, and young when it has renewed it.
    ages = iter(range(0, 10_000, 2))
    monkeypatch.setattr(
        "gateway.sending.post_claim.monotonic", lambda: 1e9 + next(ages)
    )

    post()

    assert len(http.bodies) == (0 if is_lost else 1)


# --- what breaks before anything has left --------------------------------------------


@pytest.fixture
def _broken(http: FakeHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    async def client_of(_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(clients, "client_of", client_of)


@pytest.mark.usefixtures("_broken")
def test_a_task_that_breaks_before_its_post_waits_again_at_once(
    alice: User, live: DiscordAccount
) -> None:
    task = make_waiting(alice, live)

    jobs.dispatch_account(live.pk)

    waits = again(task)
    assert (waits.status, waits.nonce) == (TaskStatus.NOT_START, None)
    assert waits.not_before is not None
    assert waits.not_before < timezone.now() + timedelta(seconds=5)


@pytest.mark.usefixtures("_broken")
def test_a_window_whose_answer_breaks_before_its_post_stays_open(
    alice: User, live: DiscordAccount
) -> None:
    facts: dict[str, Any] = {"window_id": "MJ::x", "interaction_id": "5"}
    facts |= {"window": WindowState.OPEN, "action": TaskAction.VARIATION}
    task = make_pressed(alice, live, "variation", **facts)

    nudged.do("gateway.answer_window", task.pk)

    assert again(task).window == WindowState.OPEN


def test_what_may_not_be_renewed_any_more_may_be_tried_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "LATE_POST", -1.0)
    monkeypatch.setattr(window_answers, "_renew", lambda *_: False)
    noted = errands._note_nonce

    def only_the_first(pk: int, recipient: Any, old: str | None, new: str) -> bool:
        return old is None and noted(pk, recipient, old, new)

    monkeypatch.setattr(errands, "_note_nonce", only_the_first)
    facts: dict[str, Any] = {"window_id": "MJ::x", "interaction_id": "5"}
    facts |= {"window": WindowState.OPEN, "action": TaskAction.VARIATION}
    task = make_pressed(alice, live, "variation", **facts)
    done, kind = make_finished(alice, account=live), ErrandKind.PRESS
    errand = send_on(kind, owner=alice, account=live, task=done, custom_id="MJ::x")

    event_loop.run(window_answers.answer(task.pk))
    event_loop.run(errands.run(errand.pk))

    errand.refresh_from_db()
    assert http.bodies == []
    assert again(task).window == WindowState.OPEN
    assert (errand.state, errand.nonce) == (ErrandState.WAITING, None)


# --- what was missed, and what is only late ------------------------------------------


def test_a_press_that_discord_took_late_is_given_time_to_open_its_window(
    alice: User, live: DiscordAccount
) -> None:
    taken = snowflake_at(timezone.now() - timedelta(seconds=1))
    task = make_pressed(
        alice,
        live,
        "variation",
        action=TaskAction.VARIATION,
        window=WindowState.EXPECTED,
        interaction_id=taken,
        delivery=Delivery.ACCEPTED,
        claimed_at=timezone.now() - timedelta(seconds=20),
    )

    judge(live.pk, [task.pk])

    assert again(task).window == WindowState.EXPECTED


def test_a_mask_that_is_on_its_way_is_not_pressed_again(
    alice: User, live: DiscordAccount
) -> None:
    task = make_pressed(
        alice,
        live,
        "variation",
        action=TaskAction.INPAINT,
        window=WindowState.ANSWERED,
        window_id=f"{PAGE_PREFIX}token",
        interaction_id="5",
        claimed_at=timezone.now() - timedelta(seconds=40),
    )

    judge(live.pk, [task.pk])

    assert again(task).window == WindowState.ANSWERED


def test_a_press_whose_worker_died_is_not_repeated(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_finished(alice, account=live)
    kind = ErrandKind.PRESS
    errand = send_on(kind, owner=alice, account=live, task=task, custom_id="MJ::x")
    Errand.objects.update(nonce="71")  # committed before the post, then killed

    event_loop.run(errands.run(errand.pk))

    errand.refresh_from_db()
    assert http.bodies == []
    assert errand.state == ErrandState.WAITING
