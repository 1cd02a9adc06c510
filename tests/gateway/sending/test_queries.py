from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.enums import QueryKind, QueryState
from gateway.models import AccountQuery, GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.sending import queries
from tests.factories import make_account
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.panel import PANEL, RELAX, SELECTOR
from tests.gateway.query_rows import (
    NIJI,
    make_live,
    make_query,
    sent,
    show_panel,
    snapshot,
)
from tests.gateway.rest_server import BODY
from tests.gateway.wire import US

pytestmark = pytest.mark.django_db(transaction=True)

PRESS: dict[str, Any] = {"kind": QueryKind.PRESS, "target": RELAX, "by_hand": True}


@pytest.fixture
def live(account: DiscordAccount) -> DiscordAccount:
    return make_live(account)


def states(account: DiscordAccount) -> list[tuple[str, str]]:
    rows = AccountQuery.objects.filter(account=account).order_by("pk")
    return list(rows.values_list("kind", "state"))


def lose_answer() -> None:
    past = timezone.now() - timedelta(seconds=1)
    AccountQuery.objects.filter(state=QueryState.SENT).update(deadline_at=past)
    queries.accounts_to_ask()


def test_the_nonce_is_committed_before_the_post(
    live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    settle = queries.settle

    def settling(query_id: int, nonce: str, answer: Answer) -> None:
        states.append(AccountQuery.objects.get(nonce=nonce).state)
        settle(query_id, nonce, answer)

    monkeypatch.setattr(queries, "settle", settling)

    query = sent(live)

    (body,) = http.bodies
    assert (body["data"]["name"], body["application_id"]) == ("info", MIDJOURNEY_APP)
    assert (body["nonce"], states) == (query.nonce, [QueryState.SENT])
    assert (query.state, query.flight) == (QueryState.SENT, int(US))


def test_each_bot_is_asked_by_its_own_command(
    live: DiscordAccount, http: FakeHttp
) -> None:
    sent(live, bot=NIJI, kind=QueryKind.SETTINGS)

    (body,) = http.bodies
    assert (body["data"]["name"], body["application_id"]) == ("settings", NIJI_APP)


def test_one_is_sent_after_another(live: DiscordAccount, http: FakeHttp) -> None:
    first = sent(live)
    second = sent(live, kind=QueryKind.SETTINGS)
    assert second.state == QueryState.WAITING

    queries.done(first)
    queries.run_next(live.pk)

    second.refresh_from_db()
    assert second.state == QueryState.SENT


def test_between_two_is_a_pause(live: DiscordAccount, http: FakeHttp) -> None:
    DiscordAccount.objects.update(interval=1.2)
    queries.done(sent(live))
    second = sent(live, kind=QueryKind.SETTINGS)
    assert second.state == QueryState.WAITING

    AccountQuery.objects.update(sent_at=timezone.now() - queries.PACE)
    queries.run_next(live.pk)

    second.refresh_from_db()
    assert second.state == QueryState.SENT


def test_of_two_workers_one_sends(live: DiscordAccount, http: FakeHttp) -> None:
    first, second = make_query(live), make_query(live, bot=NIJI)
    session = GatewaySession.objects.get()

    assert queries._take(first, session, "1", BODY)
    assert not queries._take(first, session, "2", BODY)
    assert not queries._take(second, session, "3", BODY)


@pytest.mark.parametrize("change", ["down", "lease", "disabled", "paused"])
def test_without_a_ready_account_it_waits(
    live: DiscordAccount, http: FakeHttp, change: str
) -> None:
    match change:
        case "down":
            GatewaySession.objects.update(is_live=False)
        case "lease":
            GatewaySession.objects.update(lease_until=timezone.now())
        case "disabled":
            DiscordAccount.objects.update(enabled=False)
        case "paused":
            DiscordAccount.objects.update(state=AccountState.PAUSED)

    assert sent(live).state == QueryState.WAITING
    assert http.bodies == []


def test_a_person_may_ask_for_a_paused_account(
    live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(state=AccountState.PAUSED)

    assert sent(live, by_hand=True).state == QueryState.SENT


def test_an_unknown_command_is_told(live: DiscordAccount, http: FakeHttp) -> None:
    query = sent(live, kind=QueryKind.COMMAND, target="turbo")

    assert query.state == QueryState.FAILED
    assert "turbo" in snapshot(live).error


@pytest.mark.parametrize(
    ("target", "value", "options"),
    [
        ("relax", "", []),
        ("prefer remix", "", [{"type": 1, "name": "remix", "options": []}]),
        ("prefer suffix", "", [{"type": 1, "name": "suffix", "options": []}]),
        (
            "prefer suffix",
            "--q 2",
            [
                {
                    "type": 1,
                    "name": "suffix",
                    "options": [{"type": 3, "name": "new_value", "value": "--q 2"}],
                }
            ],
        ),
    ],
)
def test_commands_have_their_options(
    live: DiscordAccount, http: FakeHttp, target: str, value: str, options: list[Any]
) -> None:
    sent(live, kind=QueryKind.COMMAND, target=target, value=value)

    (body,) = http.bodies
    assert body["data"]["name"] == target.partition(" ")[0]
    assert body["data"]["options"] == options


# --- the panel -----------------------------------------------------------------------


def test_a_button_of_a_fresh_panel_is_pressed(
    live: DiscordAccount, http: FakeHttp
) -> None:
    show_panel(live)

    sent(live, **PRESS)

    (body,) = http.bodies
    assert (body["message_id"], body["message_flags"]) == (PANEL, 64)
    assert body["data"] == {"component_type": 2, "custom_id": RELAX}


def test_a_version_is_chosen_in_the_select_that_offers_it(
    live: DiscordAccount, http: FakeHttp
) -> None:
    show_panel(live)

    sent(live, kind=QueryKind.SELECT, value="6.1")

    (body,) = http.bodies
    assert body["message_flags"] == 64
    assert body["data"] == {
        "component_type": 3,
        "type": 3,
        "custom_id": SELECTOR,
        "values": ["6.1"],
    }


@pytest.mark.parametrize("why", ["none", "old", "session"])
def test_without_a_fresh_panel_the_settings_are_asked_first(
    live: DiscordAccount, http: FakeHttp, why: str
) -> None:
    if why == "old":
        show_panel(live, age=20)
    elif why == "session":
        show_panel(live, session_id="another")

    query = sent(live, **PRESS)

    assert http.bodies[0]["data"]["name"] == "settings"
    assert query.state == QueryState.WAITING
    assert query.needs is not None
    show_panel(live)
    queries.done(query.needs)
    queries.run_next(live.pk)
    assert http.bodies[1]["data"]["custom_id"] == RELAX


def test_settings_that_cannot_be_read_end_the_press(
    live: DiscordAccount, http: FakeHttp
) -> None:
    query = sent(live, **PRESS)
    assert query.needs is not None

    queries.give_up(query.needs, "no answer")
    queries.run_next(live.pk)

    query.refresh_from_db()
    assert (query.state, query.error) == (QueryState.FAILED, "no answer")
    assert len(http.bodies) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": QueryKind.PRESS, "target": "S::RelaxMode::off"},
        {"kind": QueryKind.SELECT, "value": "5"},
    ],
)
def test_what_is_not_on_the_panel_is_not_pressed(
    live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    show_panel(live)

    query = sent(live, **fields)

    assert (query.state, http.bodies) == (QueryState.FAILED, [])


def test_a_panel_that_is_gone_is_asked_for_once_more(
    live: DiscordAccount, http: FakeHttp
) -> None:
    show_panel(live)
    http.answers = [Answer(Verdict.REFUSED, "Discord 404: Unknown Message"), ACCEPTED]

    query = sent(live, **PRESS)
    queries.run_next(live.pk)

    assert query.state == QueryState.WAITING
    assert http.bodies[1]["data"]["name"] == "settings"


# --- no answer -----------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_once_more(
    live: DiscordAccount, http: FakeHttp
) -> None:
    query = sent(live)

    lose_answer()
    queries.run_next(live.pk)
    lose_answer()
    queries.run_next(live.pk)

    query.refresh_from_db()
    assert (query.state, query.flight) == (QueryState.FAILED, None)
    assert len(set(http.nonces)) == len(http.bodies) == 2
    assert "did not answer" in snapshot(live).error


@pytest.mark.parametrize(
    "fields", [PRESS, {"kind": QueryKind.COMMAND, "target": "prefer remix"}]
)
def test_a_switch_is_never_turned_twice(
    live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    show_panel(live)
    sent(live, **fields)

    lose_answer()
    queries.run_next(live.pk)

    assert states(live) == [
        (fields["kind"], QueryState.FAILED),
        (QueryKind.SETTINGS, QueryState.SENT),
    ]


def test_what_cannot_be_sent_ends(live: DiscordAccount) -> None:
    GatewaySession.objects.update(is_live=False)
    old = timezone.now() - 2 * queries.LIFE
    query = make_query(live, created_at=old)

    queries.accounts_to_ask()

    query.refresh_from_db()
    assert query.state == QueryState.FAILED


def test_a_rate_limit_is_waited_for(live: DiscordAccount, http: FakeHttp) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord 429", 5.0), ACCEPTED]

    query = sent(live)
    queries.run_next(live.pk)

    assert (query.state, query.attempts) == (QueryState.WAITING, 0)
    assert queries.accounts_to_ask() == []
    assert len(http.bodies) == 1


def test_channels_of_one_discord_user_ask_one_after_the_other(
    live: DiscordAccount, http: FakeHttp
) -> None:
    other = make_live(make_account())
    first = sent(live)

    second = sent(other)

    assert (first.state, second.state) == (QueryState.SENT, QueryState.WAITING)
    queries.done(first)
    DiscordAccount.objects.update(interval=0)
    queries.run_next(other.pk)
    second.refresh_from_db()
    assert second.state == QueryState.SENT


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.TOKEN_DEAD, AccountState.INVALID_TOKEN),
        (Verdict.NEEDS_PERSON, AccountState.PAUSED),
        (Verdict.UNVERIFIED, AccountState.VERIFICATION),
    ],
)
def test_discords_refusal_reaches_the_account(
    live: DiscordAccount, http: FakeHttp, verdict: Verdict, state: AccountState
) -> None:
    http.answers = [Answer(verdict, "Discord 401")]

    query = sent(live)

    live.refresh_from_db()
    assert (query.state, live.state) == (QueryState.FAILED, state)


def test_a_stale_command_is_read_anew(live: DiscordAccount, http: FakeHttp) -> None:
    fresh = {
        "id": "1311111111111110999",
        "version": "1311111111111110998",
        "name": "info",
        "type": 1,
        "application_id": MIDJOURNEY_APP,
    }
    http.index = [fresh]
    http.answers = [Answer(Verdict.STALE, "Discord 400"), ACCEPTED]

    query = sent(live)
    queries.run_next(live.pk)

    query.refresh_from_db()
    assert (query.state, query.attempts) == (QueryState.SENT, 1)
    old, new = http.bodies
    assert new["data"]["version"] == fresh["version"]
    assert old["nonce"] != new["nonce"] == query.nonce


def test_the_accounts_with_waiting_queries_are_found(live: DiscordAccount) -> None:
    make_query(live)
    make_query(live, bot=NIJI)

    assert queries.accounts_to_ask() == [live.pk]
