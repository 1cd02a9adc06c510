from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks.picking import claim_due, due_receivers, receiver_of
from tasks.webhooks.rows import (
    RETRY_AFTER,
    Outcome,
    claim_next,
    host_of,
    resend,
    retry_delay,
    settle,
)
from tests.factories import make_task
from tests.tasks.webhook_calls import HOOK, HOST, claimed, ours

REFUSED = Outcome(error="cannot connect")
FINE = Outcome(status=204)
S = DeliveryState


def rows(task: Task) -> list[tuple[int, str]]:
    found = WebhookDelivery.objects.filter(task=task).order_by("revision")
    return list(found.values_list("revision", "state"))


def make_due(task: Task) -> None:
    WebhookDelivery.objects.filter(task=task).update(next_attempt_at=timezone.now())


def progress(task: Task, percent: int) -> None:
    assert advance(task.pk, TaskStatus.IN_PROGRESS, progress=percent)


def test_each_change_writes_the_task_as_it_is(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    progress(task, 31)
    fail(task.pk, "no luck")

    bodies = [orjson.loads(row.body) for row in WebhookDelivery.objects.order_by("pk")]
    assert [(b["status"], b["progress"]) for b in bodies] == [
        ("SUBMITTED", "0%"),
        ("IN_PROGRESS", "31%"),
        ("FAILURE", ""),
    ]
    assert bodies[0]["properties"]["notifyHook"] == HOOK
    finals = WebhookDelivery.objects.filter(is_final=True)
    assert [row.revision for row in finals] == [3]


def test_a_task_without_a_hook_writes_nothing(alice: User) -> None:
    advance(make_task(alice).pk, TaskStatus.SUBMITTED)

    assert not WebhookDelivery.objects.exists()


def test_calls_go_out_one_at_a_time_in_order(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    first = claimed(task)
    progress(task, 10)

    assert claim_next(task.pk, HOST) is None

    settle(first, FINE)
    second = claimed(task)
    assert (first.revision, second.revision) == (1, 2)
    assert second.message_id == f"msg_{task.pk}_2"


def test_stale_progress_is_skipped_and_the_end_is_not(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    progress(task, 10)
    progress(task, 20)
    fail(task.pk, "no luck")

    settle(claimed(task), FINE)  # a change of status is told
    call = claimed(task)

    assert call.revision == 4
    assert rows(task) == [
        (1, S.DELIVERED),
        (2, S.SKIPPED),
        (3, S.SKIPPED),
        (4, S.WAITING),
    ]


def test_a_failed_progress_does_not_hold_up_the_end(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    settle(claimed(task), REFUSED)
    fail(task.pk, "no luck")

    settle(claimed(task), FINE)

    assert rows(task) == [(1, S.SKIPPED), (2, S.DELIVERED)]


def test_a_call_on_its_way_is_not_skipped(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    on_its_way = claimed(task)
    fail(task.pk, "no luck")
    assert claim_next(task.pk, HOST) is None

    settle(on_its_way, FINE)

    assert rows(task) == [(1, S.DELIVERED), (2, S.WAITING)]
    assert claimed(task).revision == 2


def test_of_two_deliverers_one_gets_the_row(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)

    assert claim_next(task.pk, HOST)
    assert claim_next(task.pk, HOST) is None
    assert due_receivers() == []
    assert claim_due(ours(task), 9) == []


def test_a_claim_whose_holder_died_ends(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    lost = claimed(task)
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.update(claimed_until=past)

    again = claimed(task)
    settle(lost, REFUSED)

    assert again.message_id == lost.message_id
    assert rows(task) == [(1, S.WAITING)]
    assert WebhookDelivery.objects.get().attempts == 0


def test_a_failure_is_logged_and_tried_again_later(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    before = timezone.now()

    settle(claimed(task), Outcome(500, "HTTP 500"))

    row = WebhookDelivery.objects.get()
    assert (row.attempts, row.response_status, row.error) == (1, 500, "HTTP 500")
    assert row.state == S.WAITING
    assert row.next_attempt_at >= before + timedelta(seconds=0.8)
    assert claim_next(task.pk, HOST) is None


def test_retries_follow_the_schedule_to_its_end(task: Task) -> None:
    fail(task.pk, "no luck")

    for number, seconds in enumerate(RETRY_AFTER, 1):
        make_due(task)
        start = timezone.now()
        settle(claimed(task), REFUSED)
        row = WebhookDelivery.objects.get()
        pause = (row.next_attempt_at - start).total_seconds()
        assert (row.state, row.attempts) == (S.WAITING, number)
        assert seconds * 0.8 <= pause
        assert pause - seconds * 1.2 < 60
    make_due(task)
    settle(claimed(task), REFUSED)

    assert rows(task) == [(1, S.GIVEN_UP)]
    assert due_receivers() == []


def test_the_schedule_begins_within_seconds_and_lasts_three_days() -> None:
    first = [retry_delay(number) for number in (1, 2, 3)]
    seconds = [each.total_seconds() for each in first if each]

    assert 0.8 <= seconds[0] <= 1.2
    assert 2.4 <= seconds[1] <= 3.6
    assert 8 <= seconds[2] <= 12
    assert 2.5 < sum(RETRY_AFTER) / 86400 <= 3
    assert retry_delay(len(RETRY_AFTER) + 1) is None


def test_what_is_hopeless_is_given_up_at_once(task: Task) -> None:
    fail(task.pk, "no luck")

    settle(claimed(task), Outcome(410, "HTTP 410", hopeless=True))

    assert rows(task) == [(1, S.GIVEN_UP)]


@pytest.mark.parametrize("state", [S.DELIVERED, S.GIVEN_UP, S.SKIPPED, S.WAITING])
def test_a_person_can_send_any_call_again(task: Task, state: DeliveryState) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    fail(task.pk, "no luck")
    later = timezone.now() + timedelta(hours=12)
    WebhookDelivery.objects.update(state=S.DELIVERED)
    old = WebhookDelivery.objects.get(revision=1)
    WebhookDelivery.objects.filter(pk=old.pk).update(
        state=state, attempts=16, next_attempt_at=later
    )

    resend(old)

    assert due_receivers() == [ours(task)]
    call = claimed(task)
    assert (call.id, call.attempts) == (old.pk, 0)
    settle(call, FINE)
    assert rows(task) == [(1, S.DELIVERED), (2, S.DELIVERED)]


def test_a_call_sent_again_holds_up_no_news(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    settle(claimed(task), FINE)
    resend(WebhookDelivery.objects.get())
    settle(claimed(task), REFUSED)
    fail(task.pk, "no luck")

    assert claimed(task).revision == 2


def test_due_calls_are_those_whose_time_has_come(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(3)]
    for each in tasks:
        advance(each.pk, TaskStatus.SUBMITTED)
    later = timezone.now() + timedelta(seconds=5)
    WebhookDelivery.objects.filter(task=tasks[0]).update(next_attempt_at=later)
    settle(claimed(tasks[1]), FINE)

    assert due_receivers() == [ours(tasks[2])]
    assert receiver_of(tasks[0].pk) == ours(tasks[0])
    assert receiver_of(tasks[1].pk) is None
    assert [call.task_id for call in claim_due(ours(tasks[2]), 9)] == [tasks[2].pk]


def test_a_user_without_a_secret_gets_one(task: Task, alice: User) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)

    secret = claimed(task).secret

    alice.refresh_from_db()
    assert secret == alice.webhook_secret
    assert secret.startswith("whsec_")


def test_the_log_names_no_address(task: Task, caplog: Any) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    settle(claimed(task), REFUSED)

    assert "webhook no. 1 failed" in caplog.text
    assert "hook.example" not in caplog.text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://hook.example/x", "hook.example:80"),
        ("https://HOOK.example", "hook.example:443"),
        ("http://[::1]:9000/", "::1:9000"),
        ("http://127.1:9000/", "127.0.0.1:9000"),
        ("gopher://x", ""),
        ("", ""),
        ("http://" + "a." * 126 + "a:65535/", "a." * 126 + "a:65535"),
    ],
)
def test_the_host_of_a_hook(url: str, host: str) -> None:
    assert host_of(url) == host
    assert len(host) <= 260
