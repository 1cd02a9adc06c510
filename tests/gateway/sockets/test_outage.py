from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.models import GatewaySession
from gateway.sockets.outage import extend_deadlines
from tasks.enums import TaskStatus
from tests.factories import make_account
from tests.gateway.rows import again, make_running, make_session

OUTAGE = timedelta(minutes=7)
SLACK = timedelta(seconds=30)


def test_running_tasks_get_the_outage_back(
    alice: User, account: DiscordAccount
) -> None:
    now = timezone.now()
    make_session(account, down_since=now - OUTAGE)
    task = make_running(alice, account, deadline_at=now)

    extend_deadlines(account.pk)

    deadline = again(task).deadline_at
    assert deadline is not None
    assert now + OUTAGE <= deadline < now + OUTAGE + SLACK


def test_an_outage_is_given_back_once(alice: User, account: DiscordAccount) -> None:
    make_session(account, down_since=timezone.now() - OUTAGE)
    task = make_running(alice, account)
    extend_deadlines(account.pk)
    deadline = again(task).deadline_at

    extend_deadlines(account.pk)

    assert again(task).deadline_at == deadline
    assert GatewaySession.objects.get(account=account).down_since is None


def test_others_keep_their_deadlines(alice: User, account: DiscordAccount) -> None:
    make_session(account, down_since=timezone.now() - OUTAGE)
    over = make_running(alice, account, status=TaskStatus.FAILURE)
    foreign = make_running(alice, make_account())
    endless = make_running(alice, account, deadline_at=None)

    extend_deadlines(account.pk)

    assert again(over).deadline_at == over.deadline_at
    assert again(foreign).deadline_at == foreign.deadline_at
    assert again(endless).deadline_at is None


def test_without_an_outage_nothing_is_given(
    alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account)
    extend_deadlines(account.pk)
    make_session(account)
    extend_deadlines(account.pk)

    assert again(task).deadline_at == task.deadline_at
