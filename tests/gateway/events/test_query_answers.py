from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import BotSnapshot, DiscordAccount
from gateway.enums import QueryKind, QueryState
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.models import AccountQuery
from gateway.protocol.constants import NIJI_APP, Event
from gateway.sending import queries
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.panel import PANEL, RELAX, info, panel, settings
from tests.gateway.query_rows import (
    MJ,
    NIJI,
    SESSION,
    make_live,
    sent,
    show_panel,
    snapshot,
)

pytestmark = pytest.mark.django_db(transaction=True)

INTERACTION = "1311111111111118000"
REPLY = "1311111111111117001"


@pytest.fixture
def live(account: DiscordAccount, http: FakeHttp) -> DiscordAccount:
    return make_live(account)


def again(query: AccountQuery) -> AccountQuery:
    query.refresh_from_db()
    return query


def loading_message(query: AccountQuery, message_id: str = REPLY) -> wire.Json:
    return wire.message(message_id, type=20, flags=192, nonce=query.nonce)


def seen(query: AccountQuery) -> wire.Json:
    return {"id": INTERACTION, "nonce": query.nonce}


# --- identity ------------------------------------------------------------------------


def test_a_deferred_answer_is_known_by_its_message(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)

    handle(recipient, Event.MESSAGE_CREATE, loading_message(query))
    handle(recipient, Event.MESSAGE_UPDATE, info(REPLY))

    assert again(query).state == QueryState.DONE
    assert snapshot(live).plan == "Standard"


def test_an_answer_is_known_by_its_interaction(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)

    handle(recipient, Event.INTERACTION_CREATE, seen(query))
    handle(recipient, Event.MESSAGE_CREATE, info(**wire.answers(INTERACTION)))

    assert again(query).state == QueryState.DONE


def test_a_direct_answer_is_known_by_its_nonce(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live, kind=QueryKind.SETTINGS)

    outcome = handle(recipient, Event.MESSAGE_CREATE, panel(nonce=query.nonce))

    row = snapshot(live)
    assert outcome is Outcome.TAUGHT
    assert again(query).state == QueryState.DONE
    assert (row.message_id, row.session_id, row.version) == (PANEL, SESSION, "7")
    assert row.switches["Fast mode"] is True
    assert row.components == settings()
    assert row.shown_at == query.sent_at


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"nonce": "1"},
        wire.answers("1311111111111118999"),
        {"nonce": "right", "channel_id": "1311111111111111299"},
        {"nonce": "right", "author": {"id": NIJI_APP, "bot": True}},
        {"nonce": "right", "author": {"id": wire.STRANGER, "username": "x"}},
        {"nonce": "right", **wire.answers("1", user=wire.STRANGER)},
    ],
)
def test_another_answer_is_not_taken(
    recipient: Recipient, live: DiscordAccount, fields: dict[str, Any]
) -> None:
    query = sent(live)
    if fields.get("nonce") == "right":
        fields = fields | {"nonce": query.nonce}

    handle(recipient, Event.MESSAGE_CREATE, info(**fields))

    assert again(query).state == QueryState.SENT
    assert not BotSnapshot.objects.exists()


def test_an_answer_that_comes_twice_or_late_changes_nothing(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)
    answer = info(nonce=query.nonce)

    handle(recipient, Event.MESSAGE_CREATE, answer)
    outcome = handle(recipient, Event.MESSAGE_CREATE, answer)

    assert outcome is not Outcome.TAUGHT
    assert again(query).state == QueryState.DONE


def test_the_answer_to_the_first_try_is_not_that_to_the_second(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)
    AccountQuery.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    queries.accounts_to_ask()
    queries.run_next(live.pk)

    handle(recipient, Event.MESSAGE_CREATE, info(nonce=query.nonce))

    assert again(query).state == QueryState.SENT


def test_a_failed_interaction_is_asked_again(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)

    handle(recipient, Event.INTERACTION_FAILURE, seen(query) | {"reason_code": 2})

    assert again(query).state == QueryState.WAITING


def test_words_that_are_no_answer_end_the_query(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)

    handle(recipient, Event.MESSAGE_CREATE, wire.message("1", "?", nonce=query.nonce))

    assert again(query).state == QueryState.FAILED
    assert snapshot(live).error


def test_a_notice_instead_of_an_answer_is_obeyed(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)
    said = wire.notice("1311111111111117009", "Pending mod message", flags=64)

    handle(recipient, Event.MESSAGE_CREATE, said | {"nonce": query.nonce})

    live.refresh_from_db()
    assert live.state == AccountState.PAUSED
    assert again(query).state == QueryState.FAILED


# --- settings ------------------------------------------------------------------------


def test_a_press_is_answered_by_an_edit_of_the_panel(
    recipient: Recipient, live: DiscordAccount
) -> None:
    show_panel(live)
    query = sent(live, kind=QueryKind.PRESS, target=RELAX)

    handle(
        recipient, Event.MESSAGE_UPDATE, panel(components=settings(on=("Relax mode",)))
    )

    row = snapshot(live)
    assert again(query).state == QueryState.DONE
    assert (row.message_id, row.session_id) == (PANEL, SESSION)
    assert row.switches == {
        "Remix mode": False,
        "Relax mode": True,
        "Fast mode": False,
    }
    assert AccountQuery.objects.latest("pk").kind == QueryKind.INFO


def test_a_chosen_version_is_shown(recipient: Recipient, live: DiscordAccount) -> None:
    show_panel(live)
    sent(live, kind=QueryKind.SELECT, value="6.1")

    handle(recipient, Event.MESSAGE_UPDATE, panel(components=settings(version="6.1")))

    assert snapshot(live).version == "6.1"


def test_a_late_edit_of_the_panel_is_still_read(
    recipient: Recipient, live: DiscordAccount
) -> None:
    show_panel(live)

    handle(
        recipient, Event.MESSAGE_UPDATE, panel(components=settings(on=("Remix mode",)))
    )

    live.refresh_from_db()
    assert snapshot(live).remix_on is True
    assert live.mj_remix_on is True


def test_each_bot_has_a_remix_mode_of_its_own(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live, bot=NIJI, kind=QueryKind.SETTINGS)
    niji = {"id": NIJI_APP, "username": "niji・journey Bot", "bot": True}
    shown = panel(components=settings(on=("Remix mode",)), author=niji)

    handle(recipient, Event.MESSAGE_CREATE, shown | {"nonce": query.nonce})

    live.refresh_from_db()
    assert (live.niji_remix_on, live.mj_remix_on) == (True, False)
    assert not BotSnapshot.objects.filter(bot=MJ).exists()


def test_prefer_remix_tells_its_new_state(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live, kind=QueryKind.COMMAND, target="prefer remix")
    text = "Remix mode turned on! Clicking the variation buttons will now ..."

    handle(recipient, Event.MESSAGE_CREATE, wire.message("1", text, nonce=query.nonce))

    live.refresh_from_db()
    assert live.mj_remix_on is True
    assert again(query).answer == text
    kinds = set(
        AccountQuery.objects.exclude(pk=query.pk).values_list("kind", flat=True)
    )
    assert kinds == {QueryKind.INFO, QueryKind.SETTINGS}


# --- plan and fast time --------------------------------------------------------------


def told(recipient: Recipient, account: DiscordAccount, **said: str) -> DiscordAccount:
    """Return the account after /info has said so."""
    query = sent(account)
    handle(recipient, Event.MESSAGE_CREATE, info(nonce=query.nonce, **said))
    account.refresh_from_db()
    return account


def commands() -> list[tuple[str, str]]:
    rows = AccountQuery.objects.filter(kind=QueryKind.COMMAND).order_by("pk")
    return list(rows.values_list("bot", "target"))


def test_used_up_fast_time_is_marked_and_cleared(
    recipient: Recipient, live: DiscordAccount
) -> None:
    assert told(recipient, live, hours="10.00 minutes").fast_exhausted is True
    assert told(recipient, live, hours="0.3/15.0 hours (2%)").fast_exhausted is False
    assert commands() == []


def test_the_bots_are_told_to_relax_and_back(
    recipient: Recipient, live: DiscordAccount
) -> None:
    DiscordAccount.objects.update(enable_fast_to_relax=True, enable_relax_to_fast=True)

    told(recipient, live, hours="0.0/15.0 hours (0.0%)")
    assert commands() == [(NIJI, "relax"), (MJ, "relax")]

    AccountQuery.objects.all().delete()
    told(recipient, live, hours="15.0/15.0 hours (100.0%)")
    assert commands() == [(NIJI, "fast"), (MJ, "fast")]


def test_relax_is_the_only_speed_while_fast_time_is_used_up(
    recipient: Recipient, live: DiscordAccount
) -> None:
    DiscordAccount.objects.update(enable_auto_set_relax=True)

    assert told(recipient, live, hours="0.1/15.0 hours").allow_modes == ["RELAX"]
    assert told(recipient, live, hours="15.0/15.0 hours").allow_modes == []


def test_a_notice_of_used_up_fast_time_does_the_same(
    recipient: Recipient, live: DiscordAccount
) -> None:
    DiscordAccount.objects.update(enable_fast_to_relax=True)
    said = wire.notice("1311111111111117009", "Credits exhausted", flags=64)

    handle(recipient, Event.MESSAGE_CREATE, said)

    live.refresh_from_db()
    assert live.fast_exhausted is True
    assert commands() == [(NIJI, "relax"), (MJ, "relax")]


def test_an_ended_plan_stops_the_account(
    recipient: Recipient, live: DiscordAccount
) -> None:
    told(recipient, live, plan="None")

    assert live.state == AccountState.NO_SUBSCRIPTION
    assert "no active plan" in live.state_reason


def test_the_bots_are_told_once_where_a_row_of_the_user_wishes_it(
    recipient: Recipient, live: DiscordAccount
) -> None:
    sibling = make_account(
        discord_user=wire.US, enable_fast_to_relax=True, enable_niji=False
    )
    DiscordAccount.objects.filter(pk=live.pk).update(discord_user=wire.US)

    told(recipient, live, hours="0.0/15.0 hours")

    assert commands() == [(MJ, "relax")]
    assert AccountQuery.objects.get(target="relax").account == sibling


def test_a_cancelled_plan_draws_until_its_end(
    recipient: Recipient, live: DiscordAccount
) -> None:
    told(recipient, live, plan="Pro (Cancelled, ends on <t:4000000000>)")

    assert live.state == AccountState.READY
    assert snapshot(live).plan_until is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"embeds": [{"title": "Your info", "description": ""}]},
        {"embeds": [{"title": "Your info", "description": "**:**\n**\x00: \x00"}]},
        {"embeds": [{"title": ["Your info"], "description": {}}]},
        {"embeds": None, "components": {"type": 3}},
        {"interaction_metadata": [], "flags": "64"},
    ],
)
def test_odd_shapes_do_no_harm(
    recipient: Recipient, live: DiscordAccount, fields: dict[str, Any]
) -> None:
    query = sent(live)

    handle(recipient, Event.MESSAGE_CREATE, info(nonce=query.nonce) | fields)

    live.refresh_from_db()
    assert live.state == AccountState.READY
    assert again(query).flight is None
