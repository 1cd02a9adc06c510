from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from mjproxy.lib.ids import first_task_id_of
from tasks import search
from tasks.admin.tasks import TaskAdmin
from tasks.enums import Delivery, DeliveryState, TaskStatus
from tasks.models import DrawingSettings, Task, WebhookDelivery
from tests.factories import make_account, make_finished, make_task

LIST = "/admin/tasks/task/"
DELIVERIES = "/admin/tasks/webhookdelivery/"


def found(admin: Client, query: str) -> set[int]:
    rows = admin.get(f"{LIST}?{query}").context["cl"].result_list
    return {task.pk for task in rows}


def make_delivery(task: Task, **fields: object) -> WebhookDelivery:
    values = {"task": task, "revision": 1, "url": "http://hook.test/", "body": "{}"}
    return WebhookDelivery.objects.create(owner=task.owner, **(values | fields))


def test_the_list_costs_as_many_queries_with_many_tasks(
    admin: Client,
    alice: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    memory: None,
) -> None:
    account = make_account()
    for _ in range(40):
        make_finished(alice, account=account)
    admin.get(LIST)

    with django_assert_num_queries(5):
        response = admin.get(LIST)

    assert response.content.decode().count("task-thumbnail") == 40


def test_pages_follow_each_other_by_id(
    admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TaskAdmin, "list_per_page", 2)
    ids = [make_task(alice).pk for _ in range(5)][::-1]

    pages, query = [], ""
    while True:
        page = admin.get(f"{LIST}{query}").context["cl"]
        pages.append([task.pk for task in page.result_list])
        if not (query := page.older_url):
            break

    assert pages == [ids[:2], ids[2:4], ids[4:]]
    back = admin.get(f"{LIST}{page.newer_url}").context["cl"]
    assert [task.pk for task in back.result_list] == ids[2:4]
    assert not admin.get(LIST).context["cl"].newer_url
    assert admin.get(f"{LIST}{page.newest_url}").context["cl"].newest_url == ""


def test_a_link_to_a_filter_begins_at_the_newest_task(
    admin: Client, alice: User
) -> None:
    task = make_task(alice)
    html = admin.get(f"{LIST}?before={task.pk + 1}&q=").content.decode()

    assert "when=day" in html
    assert "before=" not in html.replace(f"before={task.pk}", "")


@pytest.mark.parametrize("wrong", ["x", "-1", "", "9" * 30, "x&after=y", "٣"])
def test_a_wrong_begin_of_a_page_counts_as_none(
    admin: Client, alice: User, wrong: str
) -> None:
    task = make_task(alice)

    assert found(admin, f"before={wrong}") == {task.pk}


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


def test_words_are_looked_for_in_some_tasks_and_then_further_back(
    admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NEWEST_FOR_TEXT", 2)
    old, new, other = (
        make_task(alice, prompt=prompt)
        for prompt in ("a green Owl", "an owl at night", "a cat")
    )

    assert found(admin, "q=owl") == {new.pk}
    assert found(admin, "q=' OR 1=1") == set()
    assert {old.pk, other.pk} <= found(admin, "q=")
    page = admin.get(f"{LIST}?q=owl")
    assert "Words were looked for in the tasks since" in page.content.decode()
    assert "Look further back" in page.content.decode()
    link = page.context["cl"].older_url
    further = admin.get(f"{LIST}{link}")
    assert [task.pk for task in further.context["cl"].result_list] == [old.pk]
    assert not further.context["cl"].older_url
    assert "Words were looked for" not in further.content.decode()


@pytest.mark.parametrize(
    ("span", "days"), [("hour", 0), ("before-week", 10), ("older", 200)]
)
def test_spans_of_time_are_ranges_of_ids(
    admin: Client, alice: User, span: str, days: int
) -> None:
    ages = (0, 10, 200)
    now = timezone.now()
    ids = {age: first_task_id_of(now - timedelta(days=age)) + 1 for age in ages}
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


def test_a_picture_on_another_server_is_a_link_and_never_loaded(
    admin: Client, alice: User
) -> None:
    link = "https://old.example/images/1.png?a=1&b=2"
    task = make_finished(alice, picture_source="", picture_link=link)

    page = admin.get(f"{LIST}{task.pk}/change/").content.decode()
    row = admin.get(LIST).content.decode()

    there = "https://old.example/images/1.png?a=1&amp;b=2"
    assert "On another server:" in page
    assert f'<a href="{there}" rel="noopener noreferrer">{there}</a>' in page
    assert "task-picture" not in page
    assert "task-thumbnail" not in row


def test_the_page_of_a_task_says_why_it_waits(admin: Client, alice: User) -> None:
    task = make_task(
        alice,
        account=make_account(),
        status=TaskStatus.SUBMITTED,
        delivery=Delivery.UNKNOWN,
    )

    page = admin.get(f"{LIST}{task.pk}/change/").content.decode()

    assert "结果未知" in page
    assert "it is sent again if nothing has within 3 minutes" in page


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
    early = make_delivery(task, state=DeliveryState.FAILED)
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


def test_the_dashboard_counts(
    admin: Client,
    alice: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    memory: None,
) -> None:
    admin.get("/admin/")
    make_account()
    make_task(alice, status=TaskStatus.IN_PROGRESS)
    make_delivery(make_task(alice), state=DeliveryState.GIVEN_UP)

    with django_assert_num_queries(12):
        response = admin.get("/admin/")

    numbers = [number["count"] for number in response.context["numbers"]]
    assert numbers == ["1", "1", "2", "1"]
    assert [state["count"] for state in response.context["states"]] == [1]


SETTINGS = "/admin/tasks/drawingsettings/"


def form_of(admin: Client) -> dict[str, Any]:
    """Return what a browser would send back from the drawing settings."""
    fields = admin.get(SETTINGS).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    return {k: v for k, v in values.items() if v is not None and v is not False}


@pytest.mark.parametrize(
    "hook",
    [
        "http://new-api:3000/notify",
        "http://mj_proxy:8080/cb?a=%2F&b[0]=%2b",
        "https://hooks.example/" + "a" * 1900,
        "",
    ],
)
def test_the_default_hook_may_be_what_a_request_may_name(
    admin: Client, hook: str
) -> None:
    admin.post(SETTINGS, form_of(admin) | {"notify_hook": hook})

    assert DrawingSettings.get_solo().notify_hook == hook


@pytest.mark.parametrize(
    "hook", ["new-api:3000", "ftp://x/", "http:///x", "http://a:b@x/", "http://x/ y"]
)
def test_a_default_hook_that_cannot_be_called_is_refused(
    admin: Client, hook: str
) -> None:
    response = admin.post(SETTINGS, form_of(admin) | {"notify_hook": hook})

    assert set(response.context["adminform"].form.errors) == {"notify_hook"}


def test_every_setting_of_drawings_stands_on_the_page_once(admin: Client) -> None:
    sets = admin.get(SETTINGS).context["adminform"]

    shown = [field.field.name for each in sets for line in each for field in line]
    plain = {f.name for f in DrawingSettings._meta.fields} - {"id", "hook_secret"}
    assert len(shown) == len(set(shown))
    assert set(shown) == plain | {"renew_hook_secret"}
