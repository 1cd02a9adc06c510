"""A verification is noticed; its page is made, the operator's server is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from curl_cffi.requests.exceptions import RequestException

from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification, VerificationSettings
from accounts.verification import lock
from gateway import jobs, nudges
from gateway.discord import clients
from gateway.discord.addresses import load_addresses
from gateway.enums import QueryKind, QueryState
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.models import AccountQuery, GatewaySettings
from gateway.protocol.constants import Event
from gateway.sending import verification
from tests import nudged
from tests.gateway.fakes import FakeHttp
from tests.gateway.rest_server import Server, serving
from tests.gateway.wire import CHANNEL

committed = pytest.mark.django_db(transaction=True)
TOKEN = "Q2hhbGxlbmdlLWludmVudGVkLXRva2Vu"
ACK = f"https://936929561302675456.discordsays.com/captcha/api/c/{TOKEN}/ack?hash=1"
PAGE = "https://editor.midjourney.com/captcha/challenge/index.html"


class Activity(FakeHttp):
    """The activity host: what it answers, and what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses = load_addresses()
        self.asked: list[tuple[str, str, bytes | None, dict[str, str]]] = []
        self.answer: tuple[int, bytes] | Exception = (
            200,
            b'{"hash": "h-1", "token": "t_1.x"}',
        )

    async def send_plainly(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        self.asked.append((method, url, data, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def activity(
    transactional_db: None, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> Activity:
    host = Activity()

    async def client_of(_: DiscordAccount) -> Activity:
        return host

    monkeypatch.setattr(clients, "client_of", client_of)
    return host


def row_of(account: DiscordAccount) -> Verification:
    account.refresh_from_db()
    return Verification.objects.get(account=account)


# --- noticed --------------------------------------------------------------------------


def test_the_token_makes_the_address_of_the_keys(account: DiscordAccount) -> None:
    assert verification.challenged(account.pk, f"MJ::iframe::{TOKEN}")

    row = row_of(account)
    assert (row.token, row.ack_url) == (TOKEN, ACK)


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        TOKEN,
        "MJ::iframe::",
        "MJ::iframe::../../x",
        "MJ::iframe::..",
        "MJ::iframe::a/b",
        "MJ::iframe::a?b",
        "MJ::iframe::a#b",
        "MJ::iframe::a b",
        "MJ::iframe::a%2e",
        "MJ::iframe::a\x00",
        "MJ::iframe::é",
        "MJ::iframe::" + "a" * 1001,
    ],
)
def test_a_token_that_is_none_makes_no_address(
    account: DiscordAccount, custom_id: str
) -> None:
    assert verification.challenged(account.pk, custom_id)

    row = row_of(account)
    assert (row.token, row.ack_url) == ("", "")
    assert account.state == AccountState.VERIFICATION


def test_the_operators_own_activity_host_is_asked(account: DiscordAccount) -> None:
    settings = GatewaySettings.get_solo()
    settings.activity = "https://mirror.example/"
    settings.save()

    verification.challenged(account.pk, f"MJ::iframe::{TOKEN}")

    ack = f"https://mirror.example/captcha/api/c/{TOKEN}/ack?hash=1"
    assert row_of(account).ack_url == ack


def test_a_question_that_met_it_is_over(
    account: DiscordAccount, recipient: Recipient
) -> None:
    query = AccountQuery.objects.create(
        account=account,
        kind=QueryKind.INFO,
        state=QueryState.SENT,
        flight=account.pk,
        nonce="77",
        attempts=1,
    )
    data = {
        "id": "1",
        "nonce": "77",
        "channel_id": CHANNEL,
        "custom_id": f"MJ::iframe::{TOKEN}",
        "iframe_path": "captcha/embedded/index.html",
    }

    outcome = handle(recipient, Event.INTERACTION_IFRAME_MODAL_CREATE, data)

    query.refresh_from_db()
    assert outcome is Outcome.TAUGHT
    assert query.state == QueryState.FAILED
    assert "human verification" in query.error
    assert row_of(account).token == TOKEN


# --- the page -------------------------------------------------------------------------


@committed
async def test_a_page_is_made(activity: Activity, account: DiscordAccount) -> None:
    await sync_to_async(verification.challenged)(account.pk, f"MJ::iframe::{TOKEN}")

    await verification.attend(account.pk)
    await verification.attend(account.pk)

    row = await sync_to_async(row_of)(account)
    assert row.page_url == f"{PAGE}?hash=h-1&token=t_1.x"
    assert activity.asked == [("GET", ACK, None, {})]


@committed
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, b"{}"), "answered 404"),
        ((302, b""), "answered 302"),
        ((500, b"<html>"), "answered 500"),
        ((200, b""), "no hash and token"),
        ((200, b"<html>"), "no hash and token"),
        ((200, b"[]"), "no hash and token"),
        ((200, b"{}"), "no hash and token"),
        ((200, b'{"hash": "h"}'), "no hash and token"),
        ((200, b'{"hash": "h", "token": 5}'), "no hash and token"),
        ((200, b'{"hash": "h", "token": "a&b"}'), "no hash and token"),
        ((200, b'{"hash": "\\"><script>", "token": "t"}'), "no hash and token"),
        ((200, b'{"hash": "h\\u0000", "token": "t"}'), "no hash and token"),
        ((200, orjson.dumps({"hash": "h", "token": "t" * 2000})), "no hash and token"),
        (
            (200, b'{"hash": "h", "token": "t"' + b" " * 20_000 + b"}"),
            "no hash and token",
        ),
        (RequestException("https://secret.example/t"), "RequestException"),
        (OSError("secret"), "OSError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
async def test_no_page_is_made_of_anything_else(
    activity: Activity, account: DiscordAccount, answer: Any, said: str
) -> None:
    activity.answer = answer
    await sync_to_async(verification.challenged)(account.pk, f"MJ::iframe::{TOKEN}")

    await verification.attend(account.pk)

    row = await sync_to_async(row_of)(account)
    assert (row.page_url, row.wanted_at) == ("", None)
    assert said in row.error
    assert "secret" not in row.error
    assert account.state == AccountState.VERIFICATION


@committed
async def test_a_passed_one_needs_no_page(
    activity: Activity, account: DiscordAccount
) -> None:
    await sync_to_async(verification.challenged)(account.pk, f"MJ::iframe::{TOKEN}")
    await sync_to_async(lock.passed)(account.pk, by="olga")

    await verification.attend(account.pk)

    assert activity.asked == []


@committed
def test_the_sweep_makes_what_nobody_was_told_of(
    activity: Activity, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification.challenged(account.pk, f"MJ::iframe::{TOKEN}")
    monkeypatch.setattr(nudges, "nudge", nudged.do)

    jobs.sweep()

    assert row_of(account).page_url


# --- the operator's server ------------------------------------------------------------


def use_server(url: str) -> None:
    row = VerificationSettings.get_solo()
    row.server_url, row.notify_base = url, "https://proxy.example"
    row.secret = "shared-secret"
    row.save()


async def handed(server: Server, account: DiscordAccount) -> Verification:
    """Tell the server of a verification, and return the row as it is then."""
    await sync_to_async(use_server)(server.url)
    await sync_to_async(verification.challenged)(account.pk, f"MJ::iframe::{TOKEN}")
    await verification.attend(account.pk)
    return await sync_to_async(row_of)(account)


@committed
async def test_the_server_is_told(account: DiscordAccount, settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    async with serving() as server:
        server.says(200, "")
        row = await handed(server, account)

    (seen,) = server.seen
    assert (seen.method, seen.url) == ("POST", f"{server.url}/cf/verify")
    assert orjson.loads(seen.body) == {
        "url": ACK,
        "state": account.channel_id,
        "notifyHook": "https://proxy.example",
        "secret": "shared-secret",
        "success": False,
        "message": "",
    }
    assert row.accepted_at
    assert row.error == ""


@committed
@pytest.mark.parametrize("status", [302, 400, 500])
async def test_a_server_that_refuses_is_told_again_later(
    account: DiscordAccount, settings: Any, status: int
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    async with serving() as server:
        server.says(status, "no", Location="http://127.0.0.1:1/")
        row = await handed(server, account)

    assert len(server.seen) == 1
    assert row.accepted_at is None
    assert row.hand_at
    assert f"HTTP {status}" in row.error


@committed
async def test_a_private_address_is_told_only_where_that_is_allowed(
    account: DiscordAccount, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    async with serving() as server:
        row = await handed(server, account)

    assert server.seen == []
    assert "not a public one" in row.error


@committed
async def test_an_endless_answer_is_not_read(
    account: DiscordAccount, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    async with serving() as server:
        server.says(200, "x" * (verification.MOST_BYTES + 1))
        row = await handed(server, account)

    assert row.accepted_at is None
    assert "larger than" in row.error
