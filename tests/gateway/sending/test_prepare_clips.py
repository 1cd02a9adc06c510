"""Extensions that wait for the clip that is chosen on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from gateway.sending import prepare
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.submit.extensions import NOT_CHOSEN, submit_extension
from tasks.submit.row import Caller
from tasks.waiting.reason import waiting_of
from tests.gateway.fakes import FakeHttp
from tests.gateway.picture_tasks import prepared
from tests.tasks.parents import EXTEND, buttons, make_clips

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def extension(alice: User, account: DiscordAccount) -> Task:
    return submit_extension(
        caller=Caller(alice),
        task_id=make_clips(alice, account).pk,
        prompt="",
        motion="low",
        index=1,
    ).task


def end(clip: Task | None, **fields: Any) -> None:
    assert clip is not None
    ready: dict[str, Any] = {
        "status": TaskStatus.SUCCESS,
        "message_id": "1311111111111117001",
        "buttons": buttons(EXTEND.format("high"), EXTEND.format("low")),
    }
    Task.objects.filter(pk=clip.pk).update(**(ready | fields))


def test_an_extension_waits_until_its_clip_is_there(
    extension: Task, http: FakeHttp
) -> None:
    assert not prepared(extension).prepared
    assert prepare.unprepared() == []
    assert waiting_of([extension])[extension.pk].reason == NOT_CHOSEN

    end(extension.parent, channel_id="77", guild_id="78")

    assert prepare.unprepared() == [extension.pk]
    task = prepared(extension)
    assert (task.prepared, task.status) == (True, TaskStatus.NOT_START)
    assert task.parent_message_id == "1311111111111117001"
    assert (task.guild_id, task.channel_id) == ("78", "77")
    assert task.custom_id == EXTEND.format("low")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": TaskStatus.FAILURE, "fail_reason": "stopped"}, "stopped"),
        ({"buttons": []}, "it has no such button"),
    ],
)
def test_an_extension_ends_with_a_clip_that_came_to_nothing(
    extension: Task, http: FakeHttp, fields: dict[str, Any], why: str
) -> None:
    end(extension.parent, **fields)

    task = prepared(extension)

    assert (task.status, task.fail_reason) == (
        TaskStatus.FAILURE,
        f"{prepare.NO_CLIP}: {why}",
    )
