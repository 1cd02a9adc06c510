"""One statement claims tasks and reads them, where the database can return rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from mjproxy.lib import faults
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.selectors import load_shown
from tasks.services import advance, fail
from tasks.webhooks import retries, statements, states
from tasks.webhooks.posting import Call, Outcome
from tasks.webhooks.signing import secret_for
from tasks.webhooks.states import claim, due, settle_delivered
from tasks.wire import task_bytes
from tests.factories import make_account, make_finished, make_task
from tests.tasks.webhook_calls import HOOK, have_news

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "mysql", reason="it returns no rows"),
]
FINE = Outcome(status=204)


def claimed(*tasks: Task, told: states.Done | None = None) -> list[Call]:
    """Claim what is due, with room for all."""
    before = {told[0].task_id: told} if told else {}
    calls, refused = states.claim_at_once(
        [task.pk for task in tasks], before, lambda task: True
    )
    assert refused == []
    return calls


def progress(task: Task, percent: int) -> None:
    assert advance(task.pk, TaskStatus.IN_PROGRESS, progress=percent)


def test_a_call_needs_one_statement(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = make_account()
    tasks = [
        make_finished(alice, account=account, notify_hook=HOOK),
        make_task(alice, account=account, notify_hook=HOOK),
        make_task(alice, notify_hook=HOOK),
    ]
    advance(tasks[1].pk, TaskStatus.SUBMITTED)
    fail(tasks[2].pk, "no luck")
    have_news(tasks[0])
    secret_for(alice.pk, is_operators=False)

    with django_assert_num_queries(1):
        calls = claimed(*tasks)

    found = {call.task_id: call for call in calls}
    for task in map(load_shown, found):
        call = found[task.pk]
        assert call.body == task_bytes(task)
        assert (call.revision, call.status) == (task.revision, task.status)
        assert task.hook_sent == task.hook_revision
        assert task.hook_claimed_until == call.claimed_until
    assert found.keys() == {task.pk for task in tasks}


def test_it_writes_and_reads_what_the_two_statements_do(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(3)]
    for task in tasks[:2]:
        fail(task.pk, "no luck")
    ids, now = [task.pk for task in tasks], timezone.now()
    until = retries.claim_end(now)
    statements.claim([(pk, None) for pk in ids], until, now)
    rows = list(Task.objects.order_by("pk").values())
    Task.objects.update(hook_claimed_until=None, hook_sent=0)

    statements.take([(pk, 1) for pk in ids], until, now)

    assert list(Task.objects.order_by("pk").values()) == rows


def test_a_claim_holds_against_both_ways(task: Task) -> None:
    fail(task.pk, "no luck")
    found = due([task.pk])
    (call,) = claimed(task)

    assert claimed(task) == []
    assert claim(found) == []
    assert due([task.pk]) == []
    Task.objects.update(hook_claimed_until=timezone.now())
    assert [each.message_id for each in claimed(task)] == [call.message_id]


def test_news_replace_a_taken_call_that_is_not_stored(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    (first,) = claimed(task)
    progress(task, 10)

    assert claimed(task) == []  # another courier knows nothing of the first call
    (second,) = claimed(task, told=(first, FINE))

    assert (first.revision, second.revision) == (1, 2)
    assert settle_delivered([(first, FINE)]) == []  # too late
    assert due([task.pk]) == []
    settle_delivered([(second, FINE)])
    task.refresh_from_db()
    assert (task.hook_due_at, task.hook_claimed_until) == (None, None)


def test_without_news_a_taken_call_is_not_made_again(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    (first,) = claimed(task)

    assert claimed(task, told=(first, FINE)) == []

    settle_delivered([(first, FINE)])
    task.refresh_from_db()
    assert (task.hook_due_at, task.hook_claimed_until) == (None, None)


def test_a_claim_that_another_took_over_is_not_replaced(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    (lost,) = claimed(task)
    Task.objects.update(hook_claimed_until=timezone.now())
    claimed(task)
    progress(task, 10)

    assert claimed(task, told=(lost, FINE)) == []


def test_a_task_without_a_place_is_free_again(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(2)]
    for task in tasks:
        fail(task.pk, "no luck")
    ids = [task.pk for task in tasks]

    calls, refused = states.claim_at_once(ids, {}, lambda task: task.pk == ids[0])

    assert [call.task_id for call in calls] == ids[:1]
    assert refused == tasks[1:]
    assert [task.pk for task in due(ids)] == ids[1:]


def test_a_task_whose_call_cannot_be_made_is_free_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(2)]
    for task in tasks:
        fail(task.pk, "no luck")
    broken = tasks[0].pk
    monkeypatch.setattr(
        states,
        "task_bytes",
        lambda task: 1 / 0 if task.pk == broken else task_bytes(task),
    )

    assert [call.task_id for call in claimed(*tasks)] == [tasks[1].pk]

    assert faults.is_resting(states.work(broken))
    assert claimed(*tasks) == []
    faults.over(states.work(broken))
    assert [task.pk for task in due([broken])] == [broken]


def test_what_cannot_be_read_is_free_again(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(task.pk, "no luck")
    read = statements.claim

    def breaks(*given: object) -> list[Task]:
        read(*given)  # type: ignore[arg-type]
        raise ValueError("a column")

    monkeypatch.setattr(statements, "claim", breaks)

    with pytest.raises(ValueError, match="a column"):
        claimed(task)
    assert due([task.pk]) == [task]


def test_calls_of_a_batch_are_stored_with_the_log(alice: User) -> None:
    tasks = [make_finished(alice, notify_hook=HOOK) for _ in range(20)]
    have_news(*tasks)

    settle_delivered([(call, FINE) for call in claimed(*tasks)])

    log = WebhookDelivery.objects.filter(state=DeliveryState.DELIVERED)
    assert log.count() == len(tasks)
    assert not Task.objects.exclude(hook_due_at=None, hook_claimed_until=None).exists()
