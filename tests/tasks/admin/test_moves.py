"""Moving in, in the admin."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.people.keys import ADMIN_NAME
from tasks.enums import MoveState
from tasks.models import MoveIn
from tasks.moving.pictures import rows
from tests.factories import make_finished, make_user

pytestmark = pytest.mark.django_db
FORM = {"source": "csharp", "host": "https://old.example", "api_key": "the-old-key"}
LIST = "admin:tasks_movein_changelist"


@pytest.fixture(autouse=True)
def _boss(db: None) -> User:
    return make_user(ADMIN_NAME, is_staff=True)


def _begin(admin: Client, **changes: str) -> str:
    address = reverse("admin:tasks_movein_move_in")
    return admin.post(address, FORM | changes, follow=True).content.decode()


def test_a_form_begins_a_run_and_shows_it(admin: Client) -> None:
    page = _begin(admin, is_dry="on")

    run = MoveIn.objects.get()
    assert (run.source, run.is_dry, run.actor) == ("csharp", True, "olaf")
    assert "It has begun." in page
    assert "subjects, page 1" in page
    assert "the-old-key" not in page


def test_the_report_is_shown_as_text(admin: Client) -> None:
    _begin(admin)
    reasons = {"refused": {"<script>x</script>": 3}}
    report = {"tasks": {"taken": 2, "refused": 3, "reasons": reasons}}
    MoveIn.objects.update(report=report)

    address = reverse("admin:tasks_movein_change", args=[MoveIn.objects.get().pk])
    page = admin.get(address).content.decode()

    assert "tasks: 2 taken, 0 skipped, 3 refused" in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x</script>" not in page


def test_a_wrong_address_and_a_second_run_are_told(admin: Client) -> None:
    assert "The address:" in _begin(admin, host="http://10.0.0.1")
    _begin(admin)

    assert "under way already" in _begin(admin)
    assert MoveIn.objects.count() == 1


def test_runs_are_stopped_from_the_list(admin: Client) -> None:
    _begin(admin)
    run = MoveIn.objects.get()

    admin.post(reverse(LIST), {"action": "stop", "_selected_action": [run.pk]})

    run.refresh_from_db()
    assert (run.state, run.api_key) == (MoveState.STOPPED, "")


def test_the_page_of_an_open_run_says_that_news_come(admin: Client) -> None:
    """Its script then renews the progress in place; without scripts there is a link."""
    _begin(admin)
    run = MoveIn.objects.get()
    address = reverse("admin:tasks_movein_change", args=[run.pk])

    page = admin.get(address).content.decode()
    MoveIn.objects.update(state=MoveState.FAILED, problem="tasks: HTTP 418")
    over = admin.get(address).content.decode()

    assert 'id="progress" data-asking' in page
    assert f'<a class="bots-button" href="{address}">Look again</a>' in page
    assert "data-asking" not in over
    assert "tasks: HTTP 418" in over
    assert "Look again" not in over


def test_a_run_is_stopped_from_its_page(admin: Client) -> None:
    _begin(admin)
    run = MoveIn.objects.get()
    stops = reverse("admin:tasks_movein_stop", args=[run.pk])

    assert admin.get(stops).status_code == 405
    assert f'action="{stops}"' in admin.get(stops.replace("stop", "change")).text
    said = [admin.post(stops, follow=True).content.decode() for _ in range(2)]

    run.refresh_from_db()
    assert (run.state, run.api_key) == (MoveState.STOPPED, "")
    assert ["It is stopped." in said[0], "It was over already." in said[1]] == [
        True
    ] * 2


def test_only_a_superuser_stops_one(admin: Client) -> None:
    _begin(admin)
    run = MoveIn.objects.get()
    page = Client()
    page.force_login(make_user("staff", is_staff=True))

    answer = page.post(reverse("admin:tasks_movein_stop", args=[run.pk]))

    assert answer.status_code == 403
    run.refresh_from_db()
    assert run.is_open


def test_only_a_superuser_begins_one(db: None) -> None:
    page = Client()
    page.force_login(make_user("staff", is_staff=True))

    answer = page.post(reverse("admin:tasks_movein_move_in"), FORM)

    assert answer.status_code == 403
    assert not MoveIn.objects.exists()


# --- pictures -------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{"with_pictures": "on"}, {}])
def test_the_form_asks_whether_to_copy_the_pictures(
    admin: Client, asked: dict[str, str]
) -> None:
    form = admin.get(reverse("admin:tasks_movein_move_in")).content.decode()
    page = _begin(admin, **asked)

    box = re.search(r'<input[^>]*name="with_pictures"[^>]*>', form)
    assert box
    assert "checked" in box[0]
    assert MoveIn.objects.get().with_pictures is bool(asked)
    assert ('data-testid="pictures"' in page) is bool(asked)


def test_the_page_counts_pictures_until_none_is_left(admin: Client) -> None:
    _begin(admin, with_pictures="on")
    run = MoveIn.objects.get()
    MoveIn.objects.update(state=MoveState.DONE, open_key=None)
    owner = User.objects.get(username=ADMIN_NAME)
    link = "https://pictures.example/a.png"
    links = {"picture_source": "", "picture_link": link}
    tasks = [make_finished(owner, **links) for _ in range(2)]
    rows.want(run.pk, [task.pk for task in tasks])
    rows.give_up(tasks[0].pk, "it is <script>text/html</script>")
    address = reverse("admin:tasks_movein_change", args=[run.pk])

    under_way = admin.get(address).content.decode()
    said = admin.post(
        reverse("admin:tasks_movein_stop", args=[run.pk]), follow=True
    ).content.decode()

    assert "0 copied, 1 left, 1 given up" in under_way
    assert "it is &lt;script&gt;text/html&lt;/script&gt;" in under_way
    assert 'id="progress" data-asking' in under_way
    assert "It is stopped." in said
    assert "0 copied, 0 left, 2 given up" in said
    assert "data-asking" not in said
    entry = AuditEntry.objects.get(action="stop copying pictures")
    assert (entry.actor, entry.changes["left"]) == ("olaf", ["", "1"])
