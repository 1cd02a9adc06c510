from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.exceptions import NoAccount, QueueFull
from tasks.submit.seat import take_seats
from tests.factories import make_account, make_task


@pytest.mark.parametrize(
    ("most", "ahead", "tasks", "fits"),
    [(0, 9, 9, True), (4, 3, 1, True), (4, 4, 1, False), (4, 0, 4, True)]
    + [(4, 1, 4, False)],
)
def test_so_many_tasks_may_wait_and_no_more(
    alice: User, most: int, ahead: int, tasks: int, fits: bool
) -> None:
    account = make_account(max_queue_size=most)
    for _ in range(ahead):
        make_task(alice, account=account)
    make_task(alice, account=account, status=TaskStatus.IN_PROGRESS)
    make_task(alice, account=account, status=TaskStatus.MODAL)

    if fits:
        assert take_seats(account, tasks=tasks) == ahead
        return
    with pytest.raises(QueueFull) as refused:
        take_seats(account, tasks=tasks)

    assert refused.value.properties == {"discordInstanceId": account.channel_id}


def test_a_deleted_account_has_no_place(alice: User, account: DiscordAccount) -> None:
    DiscordAccount.objects.all().delete()

    with pytest.raises(NoAccount):
        take_seats(account)
