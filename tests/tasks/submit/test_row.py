from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import DiscordAccount, User
from tasks.enums import BotType, InputRole, TaskAction, TaskStatus
from tasks.exceptions import InvalidRequest, ParentNotFound, QueueFull
from tasks.models import DrawingSettings, InputPicture, Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought, read
from tasks.prompts.text import MAX_PROMPT_LENGTH
from tasks.submit import row
from tasks.submit.account import AccountFilter, Chosen, Wanted
from tasks.submit.row import (
    Caller,
    checked_prompt,
    finished,
    new_task,
    replayed,
    write,
)
from tasks.submit.seat import SeatLost, give
from tests.factories import make_account, make_finished, make_task
from tests.pictures import data_url, mask, picture


def fresh(caller: Caller, account: DiscordAccount) -> Task:
    return new_task(caller, TaskAction.IMAGINE, BotType.MID_JOURNEY, account)


def brought(role: InputRole = InputRole.PROMPT) -> Brought:
    body = mask((8, 8)) if role is InputRole.MASK else picture()
    return read(data_url(body), role)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- prompts --------------------------------------------------------------------------


def test_a_prompt_loses_its_outer_blanks_only() -> None:
    assert checked_prompt(" \n a  fox\t") == "a  fox"
    assert checked_prompt("x" * MAX_PROMPT_LENGTH) == "x" * MAX_PROMPT_LENGTH


@pytest.mark.parametrize(
    ("prompt", "text"),
    [("", "prompt不能为空"), (" \n", "prompt不能为空")]
    + [("x" * (MAX_PROMPT_LENGTH + 1), "prompt过长")],
)
def test_a_blank_or_endless_prompt_is_refused(prompt: str, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_prompt(prompt)

    assert refused.value.zh == text


# --- parents --------------------------------------------------------------------------


def test_a_finished_task_is_for_its_owner_and_operators(
    alice: User, bob: User, operator: User
) -> None:
    task = make_finished(alice)

    assert finished(Caller(alice), task.pk) == task
    assert finished(Caller(operator), task.pk) == task
    with pytest.raises(ParentNotFound):
        finished(Caller(bob), task.pk)


@pytest.mark.parametrize(
    "status", [s for s in TaskStatus if s is not TaskStatus.SUCCESS]
)
def test_a_task_that_has_not_succeeded_is_no_parent(
    alice: User, status: TaskStatus
) -> None:
    task = make_task(alice, status=status)

    with pytest.raises(InvalidRequest):
        finished(Caller(alice), task.pk)


# --- rows -----------------------------------------------------------------------------


def test_a_new_task_carries_what_its_caller_brought(
    alice: User, account: DiscordAccount
) -> None:
    wish: AccountFilter = {"instanceId": account.channel_id, "modes": ["FAST"]}
    caller = Caller(
        alice,
        mode="FAST",
        state="order 17",
        notify_hook=" http://127.0.0.1/h ",
        link_base="http://here",
        client_ip="10.0.0.9",
        idempotency_key="k",
        account_filter=wish,
    )

    task = fresh(caller, account)

    assert (task.owner, task.account, task.mode) == (alice, account, "FAST")
    assert (task.client_state, task.notify_hook) == ("order 17", "http://127.0.0.1/h")
    assert (task.link_base, task.client_ip) == ("http://here", "10.0.0.9")
    assert (task.idempotency_key, task.account_filter) == ("k", wish)


def test_the_operators_hook_stands_in_for_none(
    alice: User, account: DiscordAccount
) -> None:
    DrawingSettings.objects.create(notify_hook="https://hooks.example/all")

    for own, named in (("", "https://hooks.example/all"), ("https://a.example/", "")):
        task = fresh(Caller(alice, notify_hook=own), account)
        assert (task.notify_hook, task.operator_hook) == (own, named)


def test_a_waiting_task_has_a_deadline(alice: User) -> None:
    account = make_account(timeout_minutes=5)

    deadline = fresh(Caller(alice), account).deadline_at

    assert deadline is not None
    assert 59 < (deadline - timezone.now()).total_seconds() / 60 <= 60


@pytest.mark.parametrize(
    ("roles", "prepared"),
    [
        ([], True),
        ([InputRole.MASK], True),
        ([InputRole.PROMPT], False),
        ([InputRole.MASK, InputRole.LINK], False),
    ],
)
def test_a_task_is_sent_once_its_uploads_are_done(
    alice: User,
    account: DiscordAccount,
    media: Path,
    roles: list[InputRole],
    prepared: bool,
) -> None:
    caller = Caller(alice)

    files = [brought(r) for r in roles]
    written = write(caller, fresh(caller, account), files)

    assert written.task.prepared is prepared
    assert [p.role for p in written.task.inputs.all()] == roles
    assert len(files_in(media / ".inputs")) == len(roles)


def test_of_two_requests_with_one_key_the_later_answers_with_the_first(
    alice: User, account: DiscordAccount, media: Path
) -> None:
    caller = Caller(alice, idempotency_key="k")
    first = write(caller, fresh(caller, account), [brought()], at=account)

    again = write(caller, fresh(caller, account), [brought()], at=account)

    assert (again.task, again.ahead) == (first.task, 0)
    assert Task.objects.count() == InputPicture.objects.count() == 1
    assert len(files_in(media)) == 1


def test_a_row_that_cannot_be_written_leaves_no_file(
    alice: User,
    account: DiscordAccount,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise IntegrityError("no free task id")

    monkeypatch.setattr(row, "insert", refuse)
    caller = Caller(alice)

    with pytest.raises(IntegrityError):
        write(caller, fresh(caller, account), [brought()])

    assert files_in(media) == []


def test_so_many_wait_before_a_written_task(
    alice: User, account: DiscordAccount
) -> None:
    for _ in range(3):
        make_task(alice, account=account)
    caller = Caller(alice)

    assert write(caller, fresh(caller, account), at=account).ahead == 3


def test_a_row_takes_the_next_id_where_its_own_is_taken(
    alice: User, account: DiscordAccount
) -> None:
    first = make_task(alice)
    caller = Caller(alice)
    task = fresh(caller, account)
    task.pk = first.pk

    second = write(caller, task, [brought()]).task

    assert second.pk == first.pk + 1
    assert Task.objects.count() == 2
    assert InputPicture.objects.get().task == second


def test_where_its_pictures_cannot_be_written_there_is_no_row(
    alice: User,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    heard: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(inputs, "write_rows", refuse)
    caller = Caller(alice)

    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(RuntimeError),
    ):
        write(caller, fresh(caller, account), [brought()], at=account)

    assert not Task.objects.exists()
    assert heard == []


def test_a_lost_seat_begins_anew_with_another_choice(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_account(), make_account()
    chosen = [first, second]

    def choose_for(task: Task, wanted: Wanted) -> Chosen:
        give(task, chosen[0])
        return Chosen(chosen.pop(0), "")

    def take_chosen(at: Chosen, action: TaskAction, also: Callable[[], object]) -> int:
        DiscordAccount.objects.filter(pk=at.account.pk).update(day_draw_count=1)
        also()
        if at.account == first:
            raise SeatLost
        return 7

    monkeypatch.setattr(row, "choose_for", choose_for)
    monkeypatch.setattr(row, "take_chosen", take_chosen)
    caller = Caller(alice)
    task = new_task(caller, TaskAction.IMAGINE, BotType.MID_JOURNEY)

    written = write(caller, task, [brought()], at=Wanted())

    assert (written.task.account, written.ahead) == (second, 7)
    assert Task.objects.count() == InputPicture.objects.count() == 1
    counts = DiscordAccount.objects.order_by("pk").values_list("day_draw_count")
    assert [count for (count,) in counts] == [0, 1]


def test_a_submit_that_loses_every_race_is_refused(
    alice: User, account: DiscordAccount, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_chosen(at: Chosen, action: TaskAction, also: Callable[[], object]) -> int:
        also()
        raise SeatLost

    monkeypatch.setattr(row, "take_chosen", take_chosen)
    caller = Caller(alice)

    with pytest.raises(QueueFull):
        write(caller, fresh(caller, account), [brought()], at=Wanted())

    assert not Task.objects.exists()
    assert files_in(media) == []


def test_a_key_is_its_owners_alone(
    alice: User, bob: User, account: DiscordAccount
) -> None:
    task = make_task(alice, account=account, idempotency_key="k")

    earlier = replayed(Caller(alice, idempotency_key="k"))

    assert earlier is not None
    assert (earlier.task, earlier.ahead) == (task, 0)
    assert replayed(Caller(bob, idempotency_key="k")) is None
    assert replayed(Caller(alice, idempotency_key="other")) is None
    assert replayed(Caller(alice)) is None
