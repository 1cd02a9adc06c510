"""Events about interactions that draw nothing."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.constants import Event, MessageFlag
from tasks.enums import ErrandKind, ErrandState, TaskAction, TaskStatus
from tasks.errands import send_on
from tasks.models import Errand
from tests.factories import make_finished
from tests.gateway import wire
from tests.gateway.rows import again, make_pressed, make_session

NONCE = "1311111111111116001"
CLICK = "1311111111111116002"
REPLY = "1311111111111116003"
CREATED = (Event.INTERACTION_CREATE, {"id": CLICK, "nonce": NONCE})
DONE = (Event.INTERACTION_SUCCESS, {"id": CLICK, "nonce": NONCE})
FAILED = (Event.INTERACTION_FAILURE, {"id": CLICK, "nonce": NONCE, "reason_code": 2})
PAGE = (
    Event.INTERACTION_IFRAME_MODAL_CREATE,
    {
        "id": CLICK,
        "nonce": NONCE,
        "custom_id": "MJ::iframe::c2VjcmV0",
        "iframe_path": "captcha/embedded/index.html",
    },
)


def make_errand(owner: User, account: DiscordAccount, kind: ErrandKind) -> Errand:
    make_session(account)
    task = make_finished(owner, account=account)
    errand = send_on(kind, owner=owner, account=account, task=task)
    Errand.objects.update(nonce=NONCE)
    return errand


@pytest.fixture
def press(alice: User, account: DiscordAccount) -> Errand:
    return make_errand(alice, account, ErrandKind.PRESS)


def told(errand: Errand, recipient: Recipient, *events: tuple[Event, Any]) -> Errand:
    for event, data in events:
        assert handle(recipient, event, data) is Outcome.TAUGHT
    errand.refresh_from_db()
    return errand


def refusal(**fields: Any) -> wire.Json:
    return wire.notice(
        REPLY, "Job action restricted", "Not now.", nonce=NONCE, flags=64, **fields
    )


def test_a_press_is_done_when_discord_says_so(
    press: Errand, recipient: Recipient
) -> None:
    assert told(press, recipient, CREATED).state == ErrandState.WAITING

    press = told(press, recipient, DONE)

    assert (press.state, press.interaction_id) == (ErrandState.DONE, CLICK)


@pytest.mark.parametrize("events", [(CREATED, FAILED), (FAILED,), (DONE, FAILED)])
def test_a_press_that_midjourney_leaves_unanswered_is_no_success(
    press: Errand, recipient: Recipient, events: tuple[Any, ...]
) -> None:
    press = told(press, recipient, *events)

    assert press.state == ErrandState.FAILED
    assert press.error_en == "Midjourney did not answer the press (reason 2)"
    assert press.error_zh == "Midjourney 没有响应"


@pytest.mark.parametrize("events", [(CREATED, PAGE, DONE), (CREATED, DONE, PAGE)])
def test_a_verification_page_ends_a_press_and_locks_the_account(
    press: Errand,
    recipient: Recipient,
    account: DiscordAccount,
    events: tuple[Any, ...],
) -> None:
    press = told(press, recipient, *events)

    assert press.state == ErrandState.FAILED
    assert "verif" in press.error_en.lower()
    account.refresh_from_db()
    assert account.state == AccountState.VERIFICATION


def test_a_notice_in_place_of_a_press_is_its_reason(
    press: Errand, recipient: Recipient
) -> None:
    press = told(press, recipient, CREATED, (Event.MESSAGE_CREATE, refusal()), DONE)

    assert press.state == ErrandState.FAILED
    assert "Job action restricted" in press.error_en


def test_a_notice_that_fills_an_empty_answer_is_its_reason(
    press: Errand, recipient: Recipient
) -> None:
    empty = wire.message(REPLY, flags=MessageFlag.LOADING, nonce=NONCE)
    filled = refusal() | {"nonce": None, "flags": 0}

    press = told(press, recipient, (Event.MESSAGE_CREATE, empty), DONE)
    assert press.state == ErrandState.WAITING
    press = told(press, recipient, (Event.MESSAGE_UPDATE, filled))

    assert press.state == ErrandState.FAILED
    assert "Job action restricted" in press.error_en


def test_a_friendly_answer_is_a_success(press: Errand, recipient: Recipient) -> None:
    words = wire.message(REPLY, "Saved!", flags=MessageFlag.EPHEMERAL, nonce=NONCE)

    press = told(press, recipient, (Event.MESSAGE_CREATE, words), DONE)

    assert press.state == ErrandState.DONE


def test_a_notice_of_a_press_ends_no_task_on_the_same_message(
    press: Errand, recipient: Recipient, account: DiscordAccount, alice: User
) -> None:
    task = make_pressed(alice, account, "upsample", action=TaskAction.UPSCALE)
    reply = refusal(type=19, message_reference={"message_id": task.parent_message_id})

    told(press, recipient, CREATED, (Event.MESSAGE_CREATE, reply))

    assert again(task).status == TaskStatus.SUBMITTED


def test_another_accounts_events_say_nothing_of_a_press(press: Errand) -> None:
    stranger = Recipient(press.account_id + 1, wire.US, frozenset({wire.CHANNEL}))

    for event, data in (CREATED, DONE, FAILED):
        handle(stranger, event, data)

    press.refresh_from_db()
    assert (press.state, press.interaction_id) == (ErrandState.WAITING, "")


# --- seeds ----------------------------------------------------------------------------


def test_a_seed_that_is_not_shown_is_asked_for_elsewhere(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    errand = make_errand(alice, account, ErrandKind.SEED)

    assert told(errand, recipient, CREATED, FAILED).state == ErrandState.WAITING


def test_a_page_in_place_of_a_seed_ends_the_question(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    errand = told(
        make_errand(alice, account, ErrandKind.SEED), recipient, CREATED, PAGE
    )

    assert errand.state == ErrandState.FAILED
    assert "verif" in errand.error_en.lower()
