from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.models import GatewaySession
from gateway.protocol.constants import Event
from gateway.sockets.history import judge, silent_tasks
from tasks.enums import Delivery, TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again
from tests.gateway.windows import (
    CLICK,
    FIELD,
    MODAL,
    PROGRESS,
    WINDOW,
    answered,
    long_ago,
    modal,
    opened,
    press,
)
from tests.gateway.wire import PARENT_JOB

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_expected_window_is_open_with_what_it_takes_to_answer(
    recipient: Recipient, pressed: Task
) -> None:
    task = opened(recipient, pressed)

    assert task.status == TaskStatus.SUBMITTED
    assert (task.window, task.window_id) == (WindowState.OPEN, WINDOW)
    assert (task.window_field, task.interaction_id) == (FIELD, CLICK)
    assert task.prompt_en == "a blue fox"


def test_an_unexpected_one_will_be_answered_with_what_it_offers(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = press(alice, account, window=WindowState.NONE)

    task = opened(recipient, task)

    account.refresh_from_db()
    assert (task.window, task.prompt_en) == (WindowState.OPEN, "what Midjourney offers")
    assert account.mj_remix_on
    assert not account.niji_remix_on


def test_a_start_without_the_window_goes_on_as_a_plain_drawing(
    recipient: Recipient, account: DiscordAccount, pressed: Task
) -> None:
    DiscordAccount.objects.update(mj_remix_on=True)

    handle(recipient, Event.MESSAGE_CREATE, wire.start(PROGRESS, nonce=pressed.nonce))

    account.refresh_from_db()
    assert again(pressed).window == WindowState.NONE
    assert not account.mj_remix_on


def test_a_window_told_twice_is_answered_once(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    opened(recipient, pressed)
    answered(pressed)

    opened(recipient, pressed)
    answered(pressed)

    assert len(http.bodies) == 1


def test_a_window_of_an_ended_task_is_nobodys(
    recipient: Recipient, pressed: Task
) -> None:
    Task.objects.update(status=TaskStatus.FAILURE)

    assert handle(recipient, MODAL, modal(pressed)) is Outcome.NOT_OURS


# --- not heard of --------------------------------------------------------------------


def test_a_window_whose_event_was_missed_is_derived(
    account: DiscordAccount, session: GatewaySession, pressed: Task
) -> None:
    task = long_ago(pressed, interaction_id=CLICK, delivery=Delivery.ACCEPTED)
    assert silent_tasks() == {account.pk: [task.pk]}

    judge(account.pk, [task.pk])

    task = again(task)
    assert (task.window, task.window_field) == (WindowState.OPEN, FIELD)
    assert task.window_id == WINDOW


def test_a_page_whose_event_was_missed_is_opened_anew(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = press(
        alice,
        account,
        action=TaskAction.INPAINT,
        custom_id=f"MJ::Inpaint::1::{PARENT_JOB}::SOLO",
    )
    task = long_ago(task, interaction_id=CLICK, delivery=Delivery.ACCEPTED)

    judge(account.pk, [task.pk])

    assert again(task).status == TaskStatus.NOT_START
