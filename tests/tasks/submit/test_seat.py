from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

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


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_is_kept_does_not_keep_the_state_of_the_database(
    alice: User,
) -> None:
    account = make_account()
    gone = DiscordAccount.objects.get(pk=account.pk)
    account.delete()

    with pytest.raises(NoAccount) as kept, transaction.atomic():
        take_seats(gone)
    with ThreadPoolExecutor(1) as other:
        other.submit(_write_elsewhere).result()

    assert kept.value.__traceback__  # and so the frames with the statements
    assert DiscordAccount.objects.count() == 1
    make_account()


def _write_elsewhere() -> None:
    make_account()
    connection.close()
