from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import DiscordAccount, User
from tasks.enums import ErrandKind, ErrandState, InputRole, ReturnCode
from tasks.errands import MOST, finish, give_up, note_seed, note_seed_message, send_on
from tasks.exceptions import ErrandsUsedUp
from tasks.models import Errand, Task
from tasks.pictures.inputs import read
from tests.factories import make_finished
from tests.pictures import data_url, picture

Heard = list[tuple[str, int]]


def make_errand(
    account: DiscordAccount, owner: User, kind: ErrandKind, **fields: Any
) -> Errand:
    return Errand.objects.create(kind=kind, owner=owner, account=account, **fields)


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    return make_finished(alice, account=account)


@pytest.fixture
def upload(alice: User, account: DiscordAccount) -> Errand:
    return make_errand(account, alice, ErrandKind.UPLOAD)


@pytest.fixture
def seed(alice: User, task: Task, account: DiscordAccount) -> Errand:
    later = timezone.now()
    return make_errand(account, alice, ErrandKind.SEED, task=task, claimed_until=later)


def test_an_errand_is_told_of_once_it_is_written_with_all_it_brings(
    alice: User,
    account: DiscordAccount,
    media: Path,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
) -> None:
    brought = [read(data_url(picture()), InputRole.PROMPT)]

    with django_capture_on_commit_callbacks(execute=True):
        errand = send_on(
            ErrandKind.UPLOAD, owner=alice, account=account, brought=brought
        )
        assert heard == []

    assert heard == [("errand", errand.pk)]
    assert (media / errand.inputs.get().file).read_bytes() == picture()


def test_an_outcome_is_written_once(upload: Errand) -> None:
    assert finish(upload.pk, ["https://x/1.png"]) is True
    assert finish(upload.pk, ["https://x/2.png"]) is False
    assert give_up(upload.pk, "超时", "Timed out") is False

    upload.refresh_from_db()
    assert (upload.state, upload.result) == (ErrandState.DONE, ["https://x/1.png"])


def test_a_failure_keeps_its_reasons_as_far_as_there_is_room(upload: Errand) -> None:
    assert give_up(upload.pk, "错" * 500, "w" * 500) is True
    assert finish(upload.pk, []) is False

    upload.refresh_from_db()
    assert upload.state == ErrandState.FAILED
    assert (upload.error_zh, upload.error_en) == ("错" * 400, "w" * 400)


def test_a_seed_is_the_tasks_and_the_answer_to_all_who_wait_for_it(
    alice: User,
    task: Task,
    seed: Errand,
    upload: Errand,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
) -> None:
    second = make_errand(seed.account, alice, ErrandKind.SEED, task=task)
    other = make_errand(seed.account, alice, ErrandKind.SEED, task=make_finished(alice))

    with django_capture_on_commit_callbacks(execute=True):
        note_seed(task, "1259687673")

    task.refresh_from_db()
    assert (task.seed, task.revision) == ("1259687673", 1)
    assert heard == [("changed", task.pk)]
    for errand in (seed, second):
        errand.refresh_from_db()
        assert (errand.state, errand.result) == (ErrandState.DONE, "1259687673")
    waiting = Errand.objects.filter(state=ErrandState.WAITING)
    assert set(waiting) == {upload, other}


def test_a_seed_never_changes(
    task: Task, heard: Heard, django_capture_on_commit_callbacks: Any
) -> None:
    note_seed(task, "1")

    with django_capture_on_commit_callbacks(execute=True):
        note_seed(task, "2")

    task.refresh_from_db()
    assert (task.seed, task.revision) == ("1", 1)
    assert heard == []


def test_the_message_to_ask_lets_the_waiting_go_on(task: Task, seed: Errand) -> None:
    assert note_seed_message(task, "777") == [seed.pk]

    task.refresh_from_db()
    seed.refresh_from_db()
    assert (task.seed_message_id, seed.claimed_until) == ("777", None)


def test_the_same_message_lets_nobody_go_on_again(task: Task, seed: Errand) -> None:
    note_seed_message(task, "777")
    later = timezone.now()
    Errand.objects.update(claimed_until=later)

    assert note_seed_message(task, "777") == []

    seed.refresh_from_db()
    assert seed.claimed_until == later


def test_a_message_that_nobody_asked_for_is_not_noted(task: Task) -> None:
    assert note_seed_message(task, "777") == []

    task.refresh_from_db()
    assert task.seed_message_id == ""


# --- shared ---------------------------------------------------------------------------


def ask_seed(owner: User, task: Task) -> Errand:
    assert task.account
    return send_on(ErrandKind.SEED, owner=owner, account=task.account, task=task)


def test_all_who_ask_for_a_seed_share_one_errand(
    alice: User,
    bob: User,
    task: Task,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        asked = [ask_seed(owner, task) for owner in (alice, bob, alice)]

    assert len({errand.pk for errand in asked}) == 1
    assert heard == [("errand", asked[0].pk)]


@pytest.mark.parametrize("ended", ["told", "given up"])
def test_what_is_over_is_shared_no_more(alice: User, task: Task, ended: str) -> None:
    first = ask_seed(alice, task)
    if ended == "told":
        note_seed(task, "12")
    else:
        give_up(first.pk, "超时", "Timed out")

    assert ask_seed(alice, task).pk != first.pk


def test_a_press_is_shared_by_task_and_button(alice: User, task: Task) -> None:
    account = task.account
    assert account
    other = make_finished(alice, account=account)

    asked = [
        send_on(
            ErrandKind.PRESS, owner=alice, account=account, task=t, custom_id=button
        )
        for t, button in ((task, "a"), (task, "b"), (other, "a"), (task, "a"))
    ]

    pks = [errand.pk for errand in asked]
    assert len(set(pks)) == 3
    assert pks[0] == pks[3]
    assert finish(pks[0], None)
    again = send_on(
        ErrandKind.PRESS, owner=alice, account=account, task=task, custom_id="a"
    )
    assert again.pk not in pks


def test_uploads_are_never_shared(alice: User, account: DiscordAccount) -> None:
    asked = [send_on(ErrandKind.UPLOAD, owner=alice, account=account) for _ in range(2)]

    assert asked[0].pk != asked[1].pk


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_the_same_moment_one_writes(alice: User, task: Task) -> None:
    start = threading.Barrier(8)

    def ask() -> int:
        start.wait(20)
        try:
            return ask_seed(alice, task).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        asked = [each.result(60) for each in [pool.submit(ask) for _ in range(8)]]

    assert len(set(asked)) == 1
    assert Errand.objects.count() == 1


def test_one_user_has_no_more_than_so_many_open(
    alice: User, bob: User, task: Task, account: DiscordAccount
) -> None:
    for _ in range(MOST):
        make_errand(account, alice, ErrandKind.UPLOAD)

    with pytest.raises(ErrandsUsedUp) as refused:
        send_on(ErrandKind.UPLOAD, owner=alice, account=account)

    assert (refused.value.code, refused.value.status) == (
        ReturnCode.QUEUE_REJECTED,
        200,
    )
    assert str(MOST) in refused.value.zh
    # What another has asked for already costs nothing.
    theirs = ask_seed(bob, task)
    assert ask_seed(alice, task).pk == theirs.pk
    Errand.objects.filter(kind=ErrandKind.UPLOAD).update(state=ErrandState.DONE)
    assert send_on(ErrandKind.UPLOAD, owner=alice, account=account).pk
