from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.lanes import lane
from gateway.sending.session import sendable_session
from tests.gateway.rows import make_session


def rest(account: DiscordAccount) -> None:
    lane.rest(account.pk, timezone.now() + timedelta(minutes=1))


def test_an_account_with_an_open_session_may_speak(account: DiscordAccount) -> None:
    session = make_session(account)

    assert sendable_session(account) == session


def test_an_account_that_was_deleted_or_never_connected_may_not(
    account: DiscordAccount,
) -> None:
    assert sendable_session(None) is None
    assert sendable_session(account) is None


def test_an_account_whose_session_is_not_live_may_not(account: DiscordAccount) -> None:
    make_session(account, is_live=False)

    assert sendable_session(account) is None


def test_the_revision_counts_that_the_caller_has_read(account: DiscordAccount) -> None:
    make_session(account)
    account.revision += 1

    assert sendable_session(account) is None


def test_while_its_user_rests_only_what_may_goes_on(account: DiscordAccount) -> None:
    session = make_session(account)
    rest(account)

    assert sendable_session(account) is None
    assert sendable_session(account, though_resting=True) == session
