"""Reading history for tasks that no event has moved."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from curl_cffi.requests.exceptions import RequestException
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient
from gateway.events.matching import message_time
from gateway.sockets.history import look_after, repair
from gateway.timing import REQUEST_LIFE
from mjproxy.lib.db.threads import in_thread
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.rows import again, make_running, make_session
from tests.gateway.wire import CHANNEL, JOB

pytestmark = pytest.mark.django_db(transaction=True)


class History:
    """Answers one page after the other; an exception is raised."""

    def __init__(self, *pages: list[dict[str, Any]] | Exception) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, str]] = []

    async def history(self, channel_id: str, *, after: str) -> list[dict[str, Any]]:
        self.asked.append((channel_id, after))
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


def reader(account: DiscordAccount, history: History) -> Any:
    """As much of a connection as reading history needs."""
    return SimpleNamespace(
        account_id=account.pk,
        identity=SimpleNamespace(channel_id=CHANNEL),
        recipient=Recipient(account.pk, wire.US, frozenset({CHANNEL})),
        http=history,
    )


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    claimed_at = timezone.now() - REQUEST_LIFE - timedelta(seconds=1)
    make_session(account)
    return make_running(alice, account, claimed_at=claimed_at)


def small_talk(count: int) -> list[dict[str, Any]]:
    return [wire.message(str(n), "Hello!") for n in range(1, count + 1)]


async def test_what_was_missed_is_found(account: DiscordAccount, task: Task) -> None:
    history = History([wire.final("131", job=JOB, nonce=task.nonce)])

    assert await repair(reader(account, history)) is True

    task = await in_thread(again, task)
    assert task.status == TaskStatus.SUCCESS


async def test_it_goes_back_a_little_before_the_oldest_claim(
    account: DiscordAccount, task: Task, alice: User
) -> None:
    assert task.claimed_at is not None
    history = History([])

    await repair(reader(account, history))

    ((channel, after),) = history.asked
    assert channel == CHANNEL
    before = task.claimed_at - message_time(after)
    assert timedelta(minutes=1) < before < timedelta(minutes=10)


async def test_it_reads_page_after_page(account: DiscordAccount, task: Task) -> None:
    last = wire.final("131", job=JOB, nonce=task.nonce)
    history = History(small_talk(100), small_talk(100), [last])

    assert await repair(reader(account, history)) is True

    assert [after for _, after in history.asked[1:]] == ["100", "100"]
    task = await in_thread(again, task)
    assert task.status == TaskStatus.SUCCESS


async def test_without_running_tasks_nothing_is_read(account: DiscordAccount) -> None:
    history = History()

    assert await repair(reader(account, history)) is True
    assert history.asked == []


@pytest.mark.parametrize(
    "trouble",
    [RequestException("cut"), OSError("away"), [{"odd": 1}] * 100],
)
async def test_without_history_nothing_is_judged(
    account: DiscordAccount, task: Task, trouble: Any
) -> None:
    history = History(trouble)

    assert await look_after(reader(account, history), [task.pk]) is False

    task = await in_thread(again, task)
    assert task.status == TaskStatus.SUBMITTED
    assert task.checked_at is None


async def test_a_history_without_end_proves_nothing(
    account: DiscordAccount, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sockets.history.PAGES", 2)
    history = History(small_talk(100), small_talk(100))

    assert await look_after(reader(account, history), [task.pk]) is False


async def test_what_history_does_not_know_waits_again(
    account: DiscordAccount, task: Task
) -> None:
    assert await look_after(reader(account, History([])), [task.pk]) is True

    task = await in_thread(again, task)
    assert task.status == TaskStatus.NOT_START


async def test_what_history_knows_is_not_sent_again(
    account: DiscordAccount, task: Task
) -> None:
    history = History([wire.start("131", nonce=task.nonce)])

    await look_after(reader(account, history), [task.pk])

    task = await in_thread(again, task)
    assert task.status == TaskStatus.SUBMITTED
    assert task.progress_message_id == "131"
