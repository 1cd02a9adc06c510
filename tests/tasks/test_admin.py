from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import theme
from accounts.models import DiscordAccount, User
from tasks import admin_lists
from tasks.enums import TaskStatus
from tasks.ids import first_id_at
from tasks.models import DeliveryState, Task, WebhookDelivery
from tests.factories import make_account, make_finished, make_task, make_user

LIST = "/admin/tasks/task/"
DELIVERIES = "/admin/tasks/webhookdelivery/"


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))
    return client


def found(admin: Client, query: str) -> set[int]:
    rows = admin.get(f"{LIST}?{query}").context["cl"].result_list
    return {task.pk for task in rows}


def make_delivery(task: Task, **fields: object) -> WebhookDelivery:
    values = {"task": task, "revision": 1, "url": "http://hook.test/", "body": "{}"}
    return WebhookDelivery.objects.create(**(values | fields))


def test_the_list_costs_as_many_queries_with_many_tasks(
    admin: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = make_account()
    for _ in range(40):
        make_finished(alice, account=account)

    with django_assert_num_queries(5):
        response = admin.get(LIST)

    assert response.content.decode().count("task-thumbnail") == 40


def test_the_list_counts_only_so_far(
    admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme, "MOST_ROWS", 3)
    for _ in range(5):
        make_task(alice)

    assert admin.get(LIST).context["cl"].result_count == 3


def test_a_task_is_found_by_each_of_its_identities(admin: Client, alice: User) -> None:
    task = make_finished(
        alice,
        nonce="1573659107285711986",
        interaction_id="1573659107498393600",
        progress_message_id="1573659111491371008",
    )
    make_finished(alice)

    for term in (
        task.pk,
        task.nonce,
        task.interaction_id,
        task.progress_message_id,
        task.message_id,
        task.job_id,
    ):
        assert found(admin, f"q={term}") == {task.pk}, term


def test_words_are_looked_for_in_the_newest_tasks(
    admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "NEWEST_FOR_TEXT", 2)
    old, new, other = (
        make_task(alice, prompt=prompt)
        for prompt in ("a green Owl", "an owl at night", "a cat")
    )

    assert found(admin, "q=owl") == {new.pk}
    assert found(admin, "q=' OR 1=1") == set()
    assert {old.pk, other.pk} <= found(admin, "q=")


@pytest.mark.parametrize(
    ("span", "days"), [("hour", 0), ("before-week", 10), ("older", 200)]
)
def test_spans_of_time_are_ranges_of_ids(
    admin: Client, alice: User, span: str, days: int
) -> None:
    ages = (0, 10, 200)
    now = timezone.now()
    ids = {age: first_id_at(now - timedelta(days=age)) + 1 for age in ages}
    for pk in ids.values():
        make_task(alice, id=pk)

    assert found(admin, f"when={span}") == {ids[days]}


def test_the_page_of_a_task_shows_its_picture_and_its_calls(
    admin: Client, alice: User
) -> None:
    task = make_finished(alice, account=make_account())
    make_delivery(task, error="refused")

    page = admin.get(f"{LIST}{task.pk}/change/").content.decode()

    assert f"/images/{task.pk}/" in page
    assert "refused" in page
    assert 'name="_save"' not in page


def test_tasks_are_neither_made_nor_edited_nor_deleted_here(
    admin: Client, alice: User
) -> None:
    task = make_task(alice)

    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{task.pk}/change/", {"prompt": "x"}).status_code == 403
    assert admin.post(f"{LIST}{task.pk}/delete/", {"post": "yes"}).status_code == 403


def test_cancel_ends_what_waits(admin: Client, alice: User) -> None:
    waiting, done = make_task(alice), make_finished(alice)

    chosen = [waiting.pk, done.pk]
    admin.post(LIST, {"action": "cancel", "_selected_action": chosen})

    waiting.refresh_from_db()
    done.refresh_from_db()
    assert waiting.status == TaskStatus.FAILURE
    assert done.status == TaskStatus.SUCCESS


def test_webhooks_are_sent_again_from_both_lists(admin: Client, alice: User) -> None:
    task = make_finished(alice)
    early = make_delivery(task, state=DeliveryState.SKIPPED)
    last = make_delivery(task, revision=2, state=DeliveryState.GIVEN_UP)

    admin.post(LIST, {"action": "resend_webhooks", "_selected_action": [task.pk]})
    admin.post(DELIVERIES, {"action": "send_again", "_selected_action": [early.pk]})

    states = WebhookDelivery.objects.values_list("state", flat=True)
    assert set(states) == {DeliveryState.WAITING}
    assert last.revision == 2


def test_calls_are_found_by_their_task(admin: Client, alice: User) -> None:
    delivery = make_delivery(make_task(alice))
    make_delivery(make_task(alice))

    rows = admin.get(f"{DELIVERIES}?q={delivery.task_id}").context["cl"].result_list

    assert [row.pk for row in rows] == [delivery.pk]
    page = admin.get(f"{DELIVERIES}{delivery.pk}/change/")
    assert page.status_code == 200


def test_accounts_show_their_load(admin: Client, alice: User) -> None:
    busy: DiscordAccount = make_account(remark="busy")
    make_account(remark="idle")
    make_task(alice, account=busy)
    make_task(alice, account=busy, status=TaskStatus.IN_PROGRESS)
    make_task(alice, account=busy, status=TaskStatus.SUBMITTED)

    rows = admin.get("/admin/accounts/discordaccount/").context["cl"].result_list

    load = {str(row): (row.running, row.waiting) for row in rows}
    assert load == {"busy": (2, 1), "idle": (0, 0)}


def test_the_dashboard_counts(
    admin: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_account()
    make_task(alice, status=TaskStatus.IN_PROGRESS)
    make_delivery(make_task(alice), state=DeliveryState.GIVEN_UP)

    with django_assert_num_queries(7):
        response = admin.get("/admin/")

    numbers = [number["count"] for number in response.context["numbers"]]
    assert numbers == ["1", "1", "2", "1"]
    assert [state["count"] for state in response.context["states"]] == [1]
