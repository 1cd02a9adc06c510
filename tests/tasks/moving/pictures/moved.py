"""Tasks that were moved with a link to their picture, and what became of it."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.people.keys import ADMIN_NAME
from mjproxy.lib.process import event_loop
from tasks.enums import MoveSource, MoveState
from tasks.models import MovedPicture, MoveIn, Task
from tasks.moving.pictures import copying, rows
from tests.factories import make_finished


def make_move() -> MoveIn:
    """Return a run that is over."""
    owner = User.objects.get(username=ADMIN_NAME)
    return MoveIn.objects.create(
        source=MoveSource.PLUS,
        host="https://old.example",
        state=MoveState.DONE,
        open_key=None,
        owner_id=owner.pk,
    )


def make_moved(link: str, move: MoveIn | None = None, **fields: Any) -> Task:
    """Return a task whose picture is to be copied from a link."""
    owner = User.objects.get(username=ADMIN_NAME)
    values = {"picture_source": "", "picture_link": link, **fields}
    task = make_finished(owner, **values)
    rows.want((move or make_move()).pk, [task.pk])
    return task


def copy_all() -> None:
    event_loop.run(copying.go_on())


def copy_of(task: Task) -> MovedPicture:
    return MovedPicture.objects.get(pk=task.pk)


def state_of(task: Task) -> tuple[str, str]:
    """Return how the copy of a task's picture is, and why."""
    copied = copy_of(task)
    return copied.state, copied.reason


def ends_waiting() -> None:
    """Let the next try of each picture be due."""
    MovedPicture.objects.update(next_at="2026-01-01T00:00:00Z")
