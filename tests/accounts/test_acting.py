"""Answers to requests from before a person's action change nothing after it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.editing import save
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.state import changes, notes
from accounts.verification import lock
from tests.accounts.state.test_same_user import ACK, rows_of_one_user, states

S = AccountState


@pytest.mark.parametrize("own", [True, False])
def test_what_was_asked_before_a_person_acted_decides_nothing(
    db: None, own: bool
) -> None:
    first, second = rows_of_one_user()
    asked_at = timezone.now()
    changes.trouble(first.pk, S.NO_SUBSCRIPTION, "no plan")
    first.refresh_from_db()
    save.set_enabled(first, enabled=True)

    for row in (first, second):
        assert not changes.trouble(
            row.pk, S.NO_SUBSCRIPTION, "no plan", own=own, asked_at=asked_at
        )
    assert states(first, second) == [S.CONNECTING, S.CONNECTING]

    now = timezone.now()
    assert changes.trouble(first.pk, S.NO_SUBSCRIPTION, "no plan", asked_at=now)


def test_a_connection_of_before_an_edit_decides_nothing(
    account: DiscordAccount,
) -> None:
    old = account.revision
    account.user_token = "a-new-one"
    save.save_account(account, fields={"user_token"})

    refused = account.pk, S.INVALID_TOKEN, "refused"
    assert not changes.trouble(*refused, revision=old)
    assert changes.trouble(*refused, revision=account.revision)


def test_a_passed_verification_is_not_asked_for_by_an_older_challenge(
    account: DiscordAccount,
) -> None:
    asked_at = timezone.now()
    lock.ask(account.pk, token="tok", ack_url=ACK)
    lock.passed(account.pk, by="olga")

    assert not lock.ask(account.pk, token="two", ack_url=ACK, asked_at=asked_at)

    assert states(account) == [S.CONNECTING]


@pytest.mark.parametrize("is_exhausted", [True, False])
def test_fast_time_that_an_operator_has_set_is_not_undone(
    account: DiscordAccount, is_exhausted: bool
) -> None:
    asked_at = timezone.now()
    DiscordAccount.objects.update(fast_exhausted=not is_exhausted)
    account.fast_exhausted = is_exhausted
    save.save_account(account, fields={"fast_exhausted"})

    if is_exhausted:
        notes.clear_fast_exhausted(account.pk, asked_at=asked_at)
    else:
        notes.mark_fast_exhausted(account.pk, "why", asked_at=asked_at)

    account.refresh_from_db()
    assert account.fast_exhausted is is_exhausted


def test_remix_mode_that_an_operator_has_set_is_not_undone(
    account: DiscordAccount,
) -> None:
    asked_at = timezone.now()
    account.mj_remix_on = True
    save.save_account(account, fields={"mj_remix_on"})

    notes.note_remix(account.pk, niji=False, on=False, asked_at=asked_at)

    account.refresh_from_db()
    assert account.mj_remix_on
