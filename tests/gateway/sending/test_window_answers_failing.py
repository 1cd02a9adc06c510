"""Windows whose answer is not taken: the button is pressed later, or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient, handle
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import window_answers
from gateway.sending.refusals import MAX_ATTEMPTS
from tasks.enums import TaskStatus, WindowState
from tasks.models import Task
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again
from tests.gateway.windows import (
    CLICK,
    MODAL,
    answered,
    modal,
    opened,
    press,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Verdict.STALE, "Discord 400: Invalid Form Body (50035)", status=400),
        Answer(Verdict.REFUSED, "Discord 413", status=413),
    ],
)
def test_an_answer_that_is_refused_for_good_ends_the_task(
    recipient: Recipient,
    session: GatewaySession,
    pressed: Task,
    http: FakeHttp,
    answer: Answer,
) -> None:
    http.answers = [answer]
    opened(recipient, pressed)

    task = answered(pressed)

    assert task.status == TaskStatus.FAILURE
    assert answer.reason in task.fail_reason
    assert len(http.bodies) == 1


@pytest.mark.parametrize(("field", "longest"), [({}, 4000), ({"max_length": 90}, 90)])
def test_a_text_that_its_window_does_not_take_is_not_sent(
    recipient: Recipient,
    session: GatewaySession,
    alice: User,
    account: DiscordAccount,
    http: FakeHttp,
    field: dict[str, int],
    longest: int,
) -> None:
    fits = press(alice, account, prompt_en="x" * longest)
    task = press(alice, account, prompt_en="x" * (longest + 1))

    for each in (fits, task):
        data = modal(each) | {"id": f"{CLICK}{each.pk % 10}"}
        data["components"][0]["components"][0] |= field
        handle(recipient, MODAL, data)

    assert again(fits).window == WindowState.OPEN
    assert again(task).status == TaskStatus.FAILURE
    assert str(longest) in again(task).fail_reason
    assert window_answers.to_answer() == [fits.pk]


def test_the_pauses_between_presses_grow(
    alice: User, account: DiscordAccount, session: GatewaySession, clock: Any
) -> None:
    pauses = []
    for attempts in range(1, MAX_ATTEMPTS):
        task = press(alice, account, attempts=attempts)
        window_answers.press_again(task, "the editor answered 503")
        moment = again(task).not_before
        assert moment is not None
        pauses.append((moment - timezone.now()).total_seconds())

    assert all(earlier < 2 * later for earlier, later in pairwise(pauses))
    assert pauses[0] >= 1
    assert sum(pauses) > 10
