"""The editor page of Vary (Region): a window that wants a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from gateway.discord import activity_host
from gateway.events.handlers import Recipient, handle
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import Event
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.pictures import inputs
from tasks.pictures.masks import read_mask
from tests.factories import make_finished
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import GRID
from tests.gateway.windows import CLICK, answered, press
from tests.gateway.wire import PARENT_JOB
from tests.pictures import data_url, mask

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Event.INTERACTION_IFRAME_MODAL_CREATE


@pytest.fixture
def region(
    alice: User, account: DiscordAccount, settings: Settings, tmp_path: Path
) -> Task:
    settings.MEDIA_ROOT = tmp_path
    parent = make_finished(alice, account=account, message_id=GRID, job_id=PARENT_JOB)
    task = press(
        alice,
        account,
        action=TaskAction.INPAINT,
        parent=parent,
        custom_id=f"MJ::Inpaint::1::{PARENT_JOB}::SOLO",
        prompt_en="a red scarf",
    )
    brought = read_mask(data_url(mask((8, 8))), width=8, height=8)
    inputs.write_rows(inputs.write_files([brought]), task=task)
    return task


def page(task: Task) -> dict[str, Any]:
    return {
        "id": CLICK,
        "nonce": task.nonce,
        "custom_id": "MJ::iframe::a-token",
        "iframe_path": "inpaint/index.html",
    }


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    async def submit_mask(_: Any, body: dict[str, Any]) -> Answer:
        bodies.append(body)
        return Answer(Verdict.ACCEPTED)

    monkeypatch.setattr(activity_host, "submit_mask", submit_mask)
    return bodies


def test_a_page_is_answered_with_the_mask_and_keeps_the_clicks_nonce(
    recipient: Recipient,
    session: GatewaySession,
    region: Task,
    http: FakeHttp,
    posted: list[dict[str, Any]],
) -> None:
    handle(recipient, PAGE, page(region))

    task = answered(region)

    (body,) = posted
    assert http.bodies == []
    assert (body["customId"], body["prompt"]) == ("a-token", "a red scarf")
    assert body["mask"]
    assert not body["mask"].startswith("data:")
    assert task.nonce == region.nonce
    assert task.window == WindowState.ANSWERED


def test_without_its_mask_the_task_ends(
    recipient: Recipient,
    session: GatewaySession,
    region: Task,
    http: FakeHttp,
    posted: list[dict[str, Any]],
) -> None:
    region.inputs.all().delete()
    handle(recipient, PAGE, page(region))

    assert answered(region).status == TaskStatus.FAILURE
    assert posted == []


def test_an_editor_that_is_down_is_opened_anew_after_a_pause(
    recipient: Recipient,
    session: GatewaySession,
    region: Task,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def submit_mask(_: Any, __: dict[str, Any]) -> Answer:
        return Answer(Verdict.STALE, "the editor answered 503: ", status=503)

    monkeypatch.setattr(activity_host, "submit_mask", submit_mask)
    handle(recipient, PAGE, page(region))

    task = answered(region)

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert task.not_before is not None
    assert task.not_before > timezone.now()
