"""Answers and notices that come late do not undo what a person has done meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.enums import QueryKind, QueryState
from gateway.events.handlers import Recipient, handle
from gateway.events.matching import snowflake_at
from gateway.models import AccountQuery
from gateway.protocol.constants import Event
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.panel import info, panel
from tests.gateway.query_rows import MJ, make_live, sent

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = Event.MESSAGE_CREATE
NOTICE = "1311111111111114002"


@pytest.fixture
def live(account: DiscordAccount, http: FakeHttp) -> DiscordAccount:
    return make_live(account)


def test_what_was_asked_before_a_person_acted_is_asked_anew(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live)
    save_account(live, fields={"enabled"})

    handle(recipient, Event.MESSAGE_CREATE, info(plan="None", nonce=query.nonce))

    live.refresh_from_db()
    assert live.state == AccountState.READY
    query.refresh_from_db()
    assert query.state == QueryState.DONE
    anew = AccountQuery.objects.get(state=QueryState.WAITING)
    assert (anew.kind, anew.bot, anew.by_hand) == (QueryKind.INFO, MJ, query.by_hand)
    anew.delete()

    query = sent(live)
    handle(recipient, Event.MESSAGE_CREATE, info(plan="None", nonce=query.nonce))

    live.refresh_from_db()
    assert live.state == AccountState.NO_SUBSCRIPTION


def test_a_panel_of_before_a_person_acted_turns_no_switch(
    recipient: Recipient, live: DiscordAccount
) -> None:
    query = sent(live, kind=QueryKind.SETTINGS)
    live.mj_remix_on = True
    save_account(live, fields={"mj_remix_on"})

    handle(recipient, Event.MESSAGE_CREATE, panel(nonce=query.nonce))

    live.refresh_from_db()
    assert live.mj_remix_on
    anew = AccountQuery.objects.get(state=QueryState.WAITING)
    assert anew.kind == QueryKind.SETTINGS


@pytest.mark.parametrize(("seconds", "obeyed"), [(-1, False), (1, True)])
@pytest.mark.parametrize("title", ["Tos not accepted", "Credits exhausted"])
def test_a_notice_of_before_a_person_acted_is_not_obeyed_after_it(
    recipient: Recipient,
    account: DiscordAccount,
    title: str,
    seconds: int,
    obeyed: bool,
) -> None:
    save_account(account)
    written = snowflake_at(timezone.now() + timedelta(seconds=seconds))

    handle(recipient, CREATE, wire.notice(written, title, flags=64))

    account.refresh_from_db()
    paused = account.state == AccountState.PAUSED
    assert (paused or account.fast_exhausted) is obeyed


def test_a_notice_whose_id_tells_no_moment_is_obeyed(
    recipient: Recipient, account: DiscordAccount
) -> None:
    save_account(account)

    handle(recipient, CREATE, wire.notice("77", "Tos not accepted", flags=64))

    account.refresh_from_db()
    assert account.state == AccountState.PAUSED
