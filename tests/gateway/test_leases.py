from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.states import TABLE
from gateway import leases
from gateway.models import GatewayProcess, GatewaySession
from tasks.services import fail
from tests.factories import make_account
from tests.gateway.rows import make_running, make_session, make_waiting

pytestmark = pytest.mark.django_db

PAST = timedelta(seconds=-1)


def test_a_process_counts_the_living() -> None:
    assert leases.announce("a") == 1
    assert leases.announce("b") == 2
    assert leases.announce("a") == 2


def test_a_silent_process_is_not_counted() -> None:
    leases.announce("a")
    GatewayProcess.objects.update(seen_at=timezone.now() - leases.PROCESS_GONE)

    assert leases.announce("b") == 1


def test_a_process_long_gone_is_forgotten() -> None:
    leases.announce("a")
    GatewayProcess.objects.update(seen_at=timezone.now() - timedelta(hours=2))

    leases.announce("b")

    assert list(GatewayProcess.objects.values_list("name", flat=True)) == ["b"]


def test_a_free_account_is_taken_with_a_new_fence(account: DiscordAccount) -> None:
    taken = leases.acquire("a", 1)

    session = GatewaySession.objects.get(account=account)
    assert taken == {account.pk: leases.Lease(1, account.revision, is_wanted=True)}
    assert (session.holder, session.fence) == ("a", 1)
    assert session.is_held


def test_a_held_account_is_not_taken(account: DiscordAccount) -> None:
    make_session(account)

    assert leases.acquire("a", 5) == {}


def test_an_expired_lease_goes_to_another_with_a_higher_fence(
    account: DiscordAccount,
) -> None:
    make_session(account, lease_until=timezone.now() + PAST, fence=7)

    assert leases.acquire("a", 1)[account.pk].fence == 8


def test_a_disabled_account_is_nobodys() -> None:
    off = make_account(enabled=False)
    make_session(off, holder="", lease_until=None)
    make_account(enabled=False)

    assert leases.acquire("a", 5) == {}


@pytest.mark.parametrize(("room", "count"), [(0, 0), (-1, 0), (2, 2), (9, 5)])
def test_a_process_takes_as_many_as_it_has_room_for(room: int, count: int) -> None:
    for _ in range(5):
        make_account()

    assert len(leases.acquire("a", room)) == count


@pytest.mark.parametrize(("processes", "share"), [(1, 5), (2, 3), (5, 1), (9, 1)])
def test_processes_share_the_accounts_that_are_on(processes: int, share: int) -> None:
    for number in range(6):
        make_account(enabled=number > 0)

    assert leases.share(processes) == share


def test_what_another_was_quicker_to_take_stays_there(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [make_account().pk for _ in range(3)]
    real = QuerySet.update

    def update(rows: QuerySet[Any], **values: Any) -> int:
        monkeypatch.setattr(QuerySet, "update", real)
        leases.acquire("b", 1)  # between the look and the taking
        return real(rows, **values)

    leases.acquire("nobody", 0)  # the sessions' rows are made
    monkeypatch.setattr(QuerySet, "update", update)

    mine = leases.acquire("a", 3)

    theirs = leases.renew("b")
    assert len(theirs) == 1
    assert sorted([*mine, *theirs]) == ids
    assert [lease.fence for lease in (mine | theirs).values()] == [1, 1, 1]


def test_statements_do_not_grow_with_the_accounts(
    db: None, django_assert_num_queries: Any
) -> None:
    for number in (1, 40):
        for _ in range(number):
            make_account()
        leases.acquire("nobody", 0)

        with django_assert_num_queries(6):
            taken = leases.acquire("a", number)
        with django_assert_num_queries(3):
            assert leases.renew("a").keys() == taken.keys()


def test_renewing_returns_what_is_held(account: DiscordAccount) -> None:
    soon = timezone.now() + timedelta(seconds=1)
    make_session(account, holder="a", lease_until=soon, fence=3)
    make_session(make_account(), holder="b")

    assert leases.renew("a") == {account.pk: leases.Lease(3, account.revision, True)}

    renewed = GatewaySession.objects.get(account=account).lease_until
    assert renewed is not None
    assert renewed > soon


def test_a_stale_holder_writes_nothing(account: DiscordAccount) -> None:
    make_session(account, fence=2, seq=40)

    assert leases.note_session(account.pk, 1, seq=99) is False
    leases.give_back(account.pk, 1)

    session = GatewaySession.objects.get(account=account)
    assert session.seq == 40
    assert session.is_held


def test_only_the_holder_keeps_how_far_it_has_come() -> None:
    mine = [make_session(make_account(), holder="a", seq=1) for _ in range(3)]
    lost = make_session(make_account(), holder="b", seq=1)
    seqs = {row.pk: 7 + row.pk for row in [*mine, lost]}

    with CaptureQueriesContext(connection) as queries:
        leases.save_seqs("a", seqs)

    kept = dict(GatewaySession.objects.values_list("pk", "seq"))
    assert kept == seqs | {lost.pk: 1}
    assert sum("UPDATE" in query["sql"] for query in queries) == 1


def test_the_holder_writes_and_gives_back(account: DiscordAccount) -> None:
    make_session(account, fence=2)

    assert leases.note_session(account.pk, 2, seq=99) is True
    leases.give_back(account.pk, 2)

    session = GatewaySession.objects.get(account=account)
    assert session.seq == 99
    assert not session.is_held


def test_retiring_gives_everything_back(account: DiscordAccount) -> None:
    leases.announce("a")
    make_session(account, holder="a")
    other = make_session(make_account(), holder="b")

    leases.retire("a")

    assert not GatewaySession.objects.get(account=account).is_held
    assert GatewaySession.objects.get(pk=other.pk).is_held
    assert not GatewayProcess.objects.exists()


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({}, True),
        ({"holder": ""}, False),
        ({"lease_until": None}, False),
        ({"lease_until": timezone.now() - timedelta(hours=1)}, False),
    ],
)
def test_a_session_is_held_while_its_lease_runs(
    account: DiscordAccount, fields: dict[str, object], held: bool
) -> None:
    assert make_session(account, **fields).is_held is held


@pytest.mark.parametrize("state", sorted(AccountState))
def test_a_state_says_whether_its_account_needs_a_socket(state: AccountState) -> None:
    account = make_account(state=state, enabled=state != AccountState.DISABLED)

    taken = leases.acquire("a", 10)

    assert (account.pk in taken) is TABLE[state].has_socket


@pytest.mark.parametrize(
    ("state", "keeps"),
    [
        (AccountState.RESTING, True),
        (AccountState.DISABLED, True),
        (AccountState.INVALID_TOKEN, False),
    ],
)
def test_an_account_that_rests_or_is_off_keeps_its_socket_while_it_draws(
    alice: User, state: AccountState, keeps: bool
) -> None:
    account = make_account(state=state, enabled=state != AccountState.DISABLED)
    make_waiting(alice, account)
    make_running(alice, make_account())
    assert account not in leases.wanted()

    task = make_running(alice, account)
    assert (account in leases.wanted()) is keeps
    fail(task.pk, "over")

    assert account not in leases.wanted()
