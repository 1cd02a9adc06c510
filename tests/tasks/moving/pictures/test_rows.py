"""Which pictures are wanted, who gets a claim, and what the page counts."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.enums import CopyState, MoveState
from tasks.models import MovedPicture, MoveIn, Task
from tasks.moving.begin import stop
from tasks.moving.pictures import rows
from tests.factories import make_finished
from tests.tasks.moving.old_servers import move, plus, task
from tests.tasks.moving.pictures.moved import make_move, make_moved

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("boss"),
]
LINK = "https://pictures.example/a.png"


def counted(run: MoveIn) -> tuple[int, int, int, str]:
    found = rows.counts(run.pk)
    return found.copied, found.left, found.given_up, found.why


def test_a_run_wants_the_pictures_of_what_it_takes() -> None:
    at_discord = "https://cdn.discordapp.com/attachments/1/2/a.png"
    lost = {"status": "FAILURE", "failReason": "lost"}
    found = [
        task(1),
        task(2, imageUrl=at_discord),
        task(3, imageUrl=""),
        task(4, **lost),
    ]
    with plus([], found) as server:
        run = move(server)

    hosts = MovedPicture.objects.order_by("pk").values_list("host", flat=True)
    assert list(hosts) == ["pictures.example", "cdn.discordapp.com"]
    assert counted(run) == (0, 2, 0, "")


@pytest.mark.parametrize("options", [{"is_dry": True}, {"with_pictures": False}])
def test_other_runs_want_none(options: dict[str, Any]) -> None:
    with plus([], [task(1)]) as server:
        move(server, **options)

    assert not MovedPicture.objects.exists()


def test_a_further_run_wants_what_was_given_up_or_not_wanted_before() -> None:
    with plus([], [task(1), task(2), task(3)]) as server:
        first = move(server, with_pictures=False)
        kept, lost, _ = Task.objects.order_by("pk")
        Task.objects.filter(pk=kept.pk).update(picture_file="aa/a.png")
        rows.want(first.pk, [lost.pk])
        rows.give_up(lost.pk, "HTTP 404")
        second = move(server)

    assert counted(first) == (0, 0, 0, "")
    assert counted(second) == (0, 2, 0, "")


def test_a_claim_is_given_once() -> None:
    one, other = make_moved(LINK), make_moved(LINK)

    claims = [rows.claimed([]) for _ in range(3)]

    assert [claim and claim.pk for claim in claims] == [one.pk, other.pk, None]
    assert {claim.tries for claim in claims if claim} == {1}


def test_resting_hosts_are_left_alone() -> None:
    make_moved(LINK)
    other = make_moved("https://other.example/a.png")

    claims = [rows.claimed(["pictures.example"]) for _ in range(2)]

    assert [claim and claim.pk for claim in claims] == [other.pk, None]


def test_a_late_failure_does_not_undo_a_new_claim() -> None:
    made = make_moved(LINK)
    late = rows.claimed([])
    assert late
    MovedPicture.objects.update(next_at="2026-01-01T00:00:00Z")
    newer = rows.claimed([])
    assert newer

    rows.try_later(late, "HTTP 500")

    kept = MovedPicture.objects.get(pk=made.pk)
    assert (kept.next_at, kept.reason) == (newer.next_at, "")


def test_the_numbers_and_the_first_reason() -> None:
    run = make_move()
    tasks = [make_moved(LINK, run) for _ in range(4)]
    rows.give_up(tasks[1].pk, "HTTP 404")
    rows.give_up(tasks[2].pk, "HTTP 410")
    tasks[3].picture_file = "aa/a.png"
    rows.finish(tasks[3])
    waiting = rows.claimed([])
    assert waiting
    rows.try_later(waiting, "timed out")

    assert counted(run) == (1, 1, 2, "HTTP 404")


def test_texts_of_the_old_server_are_cut_and_plain() -> None:
    made = make_moved(LINK)

    rows.give_up(made.pk, "it is \x1b[31m" + "x" * 5000)

    reason = MovedPicture.objects.get().reason
    assert "\x1b" not in reason
    assert len(reason) <= 400


def test_what_is_left_of_a_run_that_is_over_can_be_stopped() -> None:
    run = make_move()
    make_moved(LINK, run)
    other = make_moved(LINK)

    assert [stop(run.pk), stop(run.pk)] == [True, False]

    run.refresh_from_db()
    assert run.state == MoveState.DONE
    assert counted(run) == (0, 0, 1, "it was stopped")
    assert MovedPicture.objects.get(pk=other.pk).state == CopyState.DUE


def test_a_picture_goes_with_its_task() -> None:
    made = make_moved(LINK)
    drawn = make_finished(made.owner)

    Task.objects.filter(pk__in=[made.pk, drawn.pk]).delete()

    assert not MovedPicture.objects.exists()
