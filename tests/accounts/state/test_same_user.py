"""Facts about a Discord user are kept on each of the user's rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.editing import save
from accounts.editing.many import edit_many, enable_many
from accounts.enums import AccountState, SpeedMode
from accounts.models import (
    AccountEvent,
    BotSnapshot,
    DiscordAccount,
    MailSettings,
    OperatorMail,
)
from accounts.state import bot_snapshots, changes, notes, same_user
from accounts.verification import lock
from tests.factories import make_account

S = AccountState
USER, OTHER = "1111111111111110001", "1111111111111110002"
MJ = "MID_JOURNEY"
ACK = "https://1.discordsays.com/captcha/api/c/tok/ack?hash=1"
OF_USER = [S.VERIFICATION, S.NO_SUBSCRIPTION, S.PAUSED, S.BLOCKED]


def rows_of_one_user(count: int = 2, **fields: Any) -> list[DiscordAccount]:
    values = {"user_token": "the-same", "discord_user": USER} | fields
    return [make_account(**values) for _ in range(count)]


def states(*accounts: DiscordAccount) -> list[str]:
    for account in accounts:
        account.refresh_from_db()
    return [account.state for account in accounts]


@pytest.fixture
def stranger(db: None) -> DiscordAccount:
    return make_account(discord_user=OTHER)


# --- troubles ------------------------------------------------------------------------


@pytest.mark.parametrize("state", OF_USER)
def test_a_trouble_of_the_user_stands_on_each_of_its_rows(
    stranger: DiscordAccount, state: AccountState
) -> None:
    first, second, third = rows_of_one_user(3)
    until = timezone.now() + timedelta(hours=1)

    assert changes.trouble(second.pk, state, "why", until)

    assert states(first, second, third) == [state] * 3
    assert {row.state_reason for row in (first, second, third)} == {"why"}
    assert {row.resume_at for row in (first, second, third)} == {until}
    assert AccountEvent.objects.filter(to_state=state).count() == 3
    assert states(stranger) == [S.READY]


def test_one_trouble_is_mailed_once(db: None) -> None:
    wished = {"is_on": True, "recipients": "olga@example.com"}
    MailSettings.objects.update_or_create(pk=1, defaults=wished)
    first, second = rows_of_one_user()

    changes.trouble(second.pk, S.BLOCKED, "why")
    changes.release(second.pk, S.BLOCKED, by="olga")
    changes.trouble(first.pk, S.BLOCKED, "why")

    assert [mail.account_id for mail in OperatorMail.objects.all()] == [second.pk]


def test_what_is_about_one_channel_stays_with_its_row(db: None) -> None:
    first, second = rows_of_one_user()

    changes.trouble(first.pk, S.PAUSED, "no commands here", own=True)

    assert states(first, second) == [S.PAUSED, S.READY]


def test_a_dead_token_is_that_of_the_rows_that_have_it(db: None) -> None:
    first, second = rows_of_one_user()
    (third,) = rows_of_one_user(1, user_token="another-of-the-user")

    changes.trouble(first.pk, S.INVALID_TOKEN, "refused", own=True)

    assert states(first, second, third) == [S.INVALID_TOKEN, S.INVALID_TOKEN, S.READY]


def test_rows_that_are_not_known_to_be_of_one_user_share_nothing(db: None) -> None:
    first, second = rows_of_one_user(discord_user="")

    changes.trouble(first.pk, S.BLOCKED, "why")

    assert states(first, second) == [S.BLOCKED, S.READY]


def test_a_row_that_is_off_stays_off(db: None) -> None:
    first, second = rows_of_one_user()
    save.set_enabled(second, enabled=False)

    changes.trouble(first.pk, S.BLOCKED, "why")

    assert states(first, second) == [S.BLOCKED, S.DISABLED]


# --- a person acts -------------------------------------------------------------------


@pytest.mark.parametrize("state", [*OF_USER, S.INVALID_TOKEN])
@pytest.mark.parametrize("way", ["enable", "many"])
def test_who_enables_one_row_acts_for_the_user(
    stranger: DiscordAccount, state: AccountState, way: str
) -> None:
    first, second = rows_of_one_user()
    changes.trouble(first.pk, state, "why")
    changes.trouble(stranger.pk, state, "why")
    second.refresh_from_db()

    if way == "enable":
        save.set_enabled(second, enabled=True, by="olga")
    else:
        enable_many([second.pk], enabled=True, by="olga")

    assert states(first, second) == [S.CONNECTING, S.CONNECTING]
    assert {row.revision for row in (first, second)} == {1}
    assert states(stranger) == [state]
    told = AccountEvent.objects.filter(account=first, to_state=S.CONNECTING)
    assert told.get().by == "olga"


def test_who_helps_one_row_ends_no_other_trouble_of_the_user(db: None) -> None:
    first, second = rows_of_one_user()
    changes.trouble(second.pk, S.PAUSED, "no commands here", own=True)
    changes.trouble(first.pk, S.NO_SUBSCRIPTION, "why")

    assert states(first, second) == [S.NO_SUBSCRIPTION, S.PAUSED]
    save.set_enabled(first, enabled=True)

    assert states(first, second) == [S.CONNECTING, S.PAUSED]


def test_a_row_whose_own_trouble_ends_shows_what_its_user_waits_for(db: None) -> None:
    first, second = rows_of_one_user()
    changes.trouble(second.pk, S.PAUSED, "no commands here", own=True)
    changes.trouble(first.pk, S.NO_SUBSCRIPTION, "why")
    second.refresh_from_db()

    save.set_enabled(second, enabled=True)

    assert states(first, second) == [S.NO_SUBSCRIPTION, S.NO_SUBSCRIPTION]


def test_who_switches_one_row_off_leaves_the_others_on(db: None) -> None:
    first, second = rows_of_one_user()

    save.set_enabled(first, enabled=False)

    assert states(first, second) == [S.DISABLED, S.READY]


def test_a_row_that_is_switched_on_shows_what_its_user_waits_for(db: None) -> None:
    first, second = rows_of_one_user()
    save.set_enabled(second, enabled=False)
    changes.trouble(first.pk, S.BLOCKED, "why")

    save.set_enabled(second, enabled=True)
    assert states(first, second) == [S.BLOCKED, S.BLOCKED]

    save.set_enabled(second, enabled=True)
    assert states(first, second) == [S.CONNECTING, S.CONNECTING]


def test_the_same_token_entered_again_is_tried_again(db: None) -> None:
    first, second = rows_of_one_user()
    changes.trouble(first.pk, S.INVALID_TOKEN, "refused")
    first.refresh_from_db()

    save.save_account(first, fields={"user_token"})

    assert states(first, second) == [S.CONNECTING, S.CONNECTING]


def test_an_edit_of_a_remark_ends_no_trouble(account: DiscordAccount) -> None:
    changes.trouble(account.pk, S.BLOCKED, "why")
    account.refresh_from_db()
    account.remark = "a fox"

    save.save_account(account, fields={"remark"})

    assert states(account) == [S.BLOCKED]


def test_a_verification_is_shown_and_passed_on_each_row(db: None) -> None:
    first, second = rows_of_one_user()
    lock.ask(first.pk, token="tok", ack_url=ACK)
    second.refresh_from_db()

    shown = lock.members(second)
    assert (shown["lock"], shown["cfHashUrl"]) == (True, ACK)
    assert lock.want_page(second.pk)
    claimed = lock.claim_page(first.pk)
    assert claimed
    lock.note_page(claimed, url="https://editor.test/page")
    assert lock.members(second)["cfUrl"] == "https://editor.test/page"

    assert lock.passed(second.pk, by="olga")

    assert states(first, second) == [S.CONNECTING, S.CONNECTING]
    assert lock.members(first)["cfHashUrl"] == ""


def test_one_verification_of_a_user_is_enough(db: None) -> None:
    first, second = rows_of_one_user()
    lock.ask(first.pk, token="tok", ack_url=ACK)

    assert not lock.ask(second.pk, token="other", ack_url=ACK)

    assert lock.due() == [first.pk]


# --- fast time, remix, settings ------------------------------------------------------


def test_the_fast_time_is_the_users(stranger: DiscordAccount) -> None:
    first, second = rows_of_one_user()
    DiscordAccount.objects.filter(pk=first.pk).update(enable_auto_set_relax=True)

    assert notes.mark_fast_exhausted(second.pk, "why")
    for row in (first, second, stranger):
        row.refresh_from_db()
    assert [row.fast_exhausted for row in (first, second)] == [True, True]
    assert (first.allow_modes, second.allow_modes) == ([SpeedMode.RELAX], [])
    assert not stranger.fast_exhausted
    assert not notes.mark_fast_exhausted(first.pk, "why")

    assert notes.clear_fast_exhausted(first.pk)
    second.refresh_from_db()
    assert not second.fast_exhausted


@pytest.mark.parametrize("niji", [True, False])
def test_remix_mode_is_the_users(stranger: DiscordAccount, niji: bool) -> None:
    first, second = rows_of_one_user()

    notes.note_remix(first.pk, niji=niji, on=True)

    for row in (second, stranger):
        row.refresh_from_db()
    assert (second.mj_remix_on, second.niji_remix_on) == (not niji, niji)
    assert (stranger.mj_remix_on, stranger.niji_remix_on) == (False, False)


@pytest.mark.parametrize("field", same_user.OF_USER)
@pytest.mark.parametrize("many", [True, False])
def test_what_an_operator_says_of_the_user_is_said_of_each_row(
    stranger: DiscordAccount, field: str, many: bool
) -> None:
    first, second = rows_of_one_user()

    if many:
        edit_many([first], {field: True}, by="olga")
    else:
        setattr(first, field, True)
        save.save_account(first, fields={field})

    rows = DiscordAccount.objects.filter(**{field: True})
    assert {row.pk for row in rows} == {first.pk, second.pk}


def test_what_a_bot_tells_is_shown_on_each_row(stranger: DiscordAccount) -> None:
    first, second = rows_of_one_user()
    bot_snapshots.note(second.pk, MJ, message_id="7", session_id="s", suffix="old")

    place = {"message_id": "9", "session_id": "t", "shown_at": timezone.now()}
    facts = {"suffix": "--v 7", "switches": {"Remix": True}, "components": [{}]}
    bot_snapshots.note(first.pk, MJ, **facts, **place)

    told = BotSnapshot.objects.get(account=second)
    assert (told.suffix, told.switches) == ("--v 7", {"Remix": True})
    # Its own panel is older than that: it is asked for anew before it is pressed.
    assert (told.message_id, told.session_id, told.shown_at) == ("", "", None)
    assert BotSnapshot.objects.get(account=first).message_id == "9"
    assert not BotSnapshot.objects.filter(account=stranger).exists()


def test_what_went_wrong_for_one_row_is_shown_there_alone(db: None) -> None:
    first, second = rows_of_one_user()

    bot_snapshots.note(first.pk, MJ, error="it was not connected")
    bot_snapshots.forget_panel(first.pk, MJ)

    assert BotSnapshot.objects.get().account == first
    assert not second.snapshots.exists()


def test_a_notice_in_the_direct_messages_counts_once(db: None) -> None:
    first, second = rows_of_one_user()

    assert notes.note_notice(first.pk, "10")
    assert not notes.note_notice(second.pk, "10")
    assert notes.note_notice(second.pk, "11")


# --- joining and leaving -------------------------------------------------------------


def test_who_connects_as_a_known_user_shows_what_is_known(db: None) -> None:
    known = make_account(discord_user=USER)
    changes.trouble(known.pk, S.BLOCKED, "blocked for a day")
    notes.mark_fast_exhausted(known.pk, "used up")
    notes.note_remix(known.pk, niji=True, on=True)
    notes.note_notice(known.pk, "77")
    bot_snapshots.note(known.pk, MJ, suffix="--v 7", message_id="9", session_id="s")
    new = make_account(state=S.CONNECTING)

    assert same_user.join(new.pk, USER)
    assert not same_user.join(new.pk, USER)

    assert states(new) == [S.BLOCKED]
    assert new.state_reason == "blocked for a day"
    assert new.fast_exhausted
    assert new.niji_remix_on
    assert new.notice_id == 77
    told = BotSnapshot.objects.get(account=new)
    assert (told.suffix, told.message_id, told.session_id) == ("--v 7", "", "")


def test_who_joins_with_a_trouble_brings_it_along(db: None) -> None:
    known = make_account(discord_user=USER)
    new = make_account()
    changes.trouble(new.pk, S.PAUSED, "terms notice")

    same_user.join(new.pk, USER)

    assert states(known, new) == [S.PAUSED, S.PAUSED]


def test_a_trouble_of_one_channel_is_not_brought_along(db: None) -> None:
    known = make_account(discord_user=USER)
    new = make_account()
    changes.trouble(new.pk, S.PAUSED, "no commands here", own=True)

    same_user.join(new.pk, USER)

    assert states(known, new) == [S.READY, S.PAUSED]


def test_another_token_forgets_what_was_the_users(db: None) -> None:
    first, second = rows_of_one_user(enable_auto_set_relax=True)
    changes.trouble(first.pk, S.BLOCKED, "why")
    notes.mark_fast_exhausted(first.pk, "used up")
    notes.note_remix(first.pk, niji=False, on=True)
    bot_snapshots.note(first.pk, MJ, suffix="--v 7")
    second.refresh_from_db()
    second.user_token = "of-somebody-else"

    save.save_account(second, fields={"user_token"})

    assert states(first, second) == [S.BLOCKED, S.CONNECTING]
    assert second.discord_user == ""
    assert (second.fast_exhausted, second.mj_remix_on) == (False, False)
    assert second.allow_modes == []
    assert not second.snapshots.exists()
    assert first.fast_exhausted
    assert first.snapshots.exists()
    changes.trouble(second.pk, S.PAUSED, "why")
    assert states(first) == [S.BLOCKED]


@pytest.mark.django_db(transaction=True)
def test_many_that_act_on_the_rows_of_a_user_end_with_one_state() -> None:
    rows = rows_of_one_user(3)
    begin = Barrier(6)

    def act(number: int) -> None:
        begin.wait()
        pk = rows[number % 3].pk
        for _ in range(5):
            if number < 3:
                changes.trouble(pk, S.BLOCKED, "why")
            else:
                changes.follow_person(pk, by="olga")
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(6)))

    assert len(set(states(*rows))) == 1
