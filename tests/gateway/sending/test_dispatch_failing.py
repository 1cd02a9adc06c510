"""Tasks that cannot be sent: they end with a reason and hold up no other."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import SpeedMode
from accounts.models import DiscordAccount, User
from gateway.lanes import next_task
from gateway.models import CommandIndex
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import bodies, dispatch
from mjproxy.lib import faults
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import COMMANDS, again, make_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("named", "longest"), [({}, 6000), ({"prompt": 50}, 50)])
def test_a_prompt_that_discord_would_refuse_is_not_sent(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    named: dict[str, int],
    longest: int,
) -> None:
    index = [command | {"longest": named} for command in COMMANDS]
    CommandIndex.objects.update(commands=index)
    live.mode = SpeedMode.RELAX
    live.save()
    fits = make_waiting(alice, live, "x" * (longest - len(" --relax")))
    task = make_waiting(alice, live, "y" * longest)

    dispatch.run_lane(live.pk)

    assert again(fits).status == TaskStatus.SUBMITTED
    assert len(http.bodies[0]["data"]["options"][0]["value"]) == longest
    assert again(task).status == TaskStatus.FAILURE
    assert f"{longest + 8} characters" in again(task).fail_reason
    assert len(http.bodies) == 1


def test_a_task_that_cannot_be_made_ends_and_holds_up_no_other(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, task = make_waiting(alice, live, "broken"), make_waiting(alice, live)
    make = bodies.interaction_of

    def interaction_of(*args: Any) -> Any:
        if args[2].pk == broken.pk:
            raise ZeroDivisionError
        return make(*args)

    monkeypatch.setattr(dispatch, "interaction_of", interaction_of)
    DiscordAccount.objects.update(core_size=3)

    for _ in range(faults.MOST):
        dispatch.run_lane(live.pk)
        Task.objects.filter(pk=broken.pk).update(not_before=None)

    assert again(task).status == TaskStatus.SUBMITTED
    assert again(broken).status == TaskStatus.FAILURE
    assert "ZeroDivisionError" in again(broken).fail_reason
    assert sum(bool(record.exc_info) for record in caplog.records) == 1


def test_after_an_error_the_next_sender_can_send(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_waiting(alice, live)
    with monkeypatch.context() as broken:
        broken.setattr(next_task, "next_task", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            dispatch.run_lane(live.pk)

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(task).nonce]


def test_a_discord_that_is_away_is_called_less_and_less(
    alice: User, live: DiscordAccount, http: FakeHttp, clock: Any
) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord cannot be reached")]
    task = make_waiting(alice, live)

    pauses = []
    for _ in range(7):
        dispatch.run_lane(live.pk)
        moment = again(task).not_before
        assert moment is not None
        pauses.append((moment - timezone.now()).total_seconds())
        clock.move_to(moment + timedelta(seconds=1))

    assert len(http.bodies) == 7
    assert all(earlier < 2 * later for earlier, later in pairwise(pauses))
    assert pauses[0] < 2 < 20 < pauses[-1] <= 60
