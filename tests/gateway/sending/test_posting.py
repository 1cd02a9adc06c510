"""A stale command is mended in one place, whoever posts it."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.models import CommandIndex
from gateway.protocol import payloads
from gateway.protocol.answers import Answer, Verdict, classify
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.protocol.payloads import Place
from gateway.protocol.shapes import Command, Interaction
from gateway.sending import cancel, errands, post_claim, posting
from gateway.sending.post_claim import PostClaim
from gateway.sending.posting import Posted
from mjproxy.lib.process import event_loop
from tasks.enums import ErrandKind, ErrandState, TaskStatus
from tasks.errands import send_on
from tests.factories import make_finished
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.rows import COMMANDS, make_index, make_running, make_session
from tests.gateway.wire import CHANNEL

pytestmark = pytest.mark.django_db(transaction=True)

STALE = Answer(Verdict.STALE, "Discord 400: Invalid Form Body (50035)", status=400)
SHOW = {
    "id": "1311111111111110401",
    "version": "1311111111111110402",
    "name": "show",
    "type": 1,
    "application_id": MIDJOURNEY_APP,
}
OLD = [*COMMANDS, SHOW]
FRESH = [command | {"version": f"{command['version']}9"} for command in OLD]
HERE = Place(MIDJOURNEY_APP, CHANNEL, "5e55105e")


@pytest.fixture
def live(account: DiscordAccount, http: FakeHttp) -> DiscordAccount:
    make_session(account)
    make_index(account)
    CommandIndex.objects.update(commands=OLD)
    http.index = FRESH
    return account


def post(
    account: DiscordAccount,
    http: Any,
    body: Interaction,
    *,
    holds: bool = True,
) -> Posted | None:
    claim = PostClaim(body["nonce"], lambda *_: holds, time.monotonic())
    return event_loop.run(posting.post(http, account, body, claim))


def imagine(nonce: str = "11") -> Interaction:
    return payloads.imagine(HERE, nonce, cast("Command", OLD[0]), "a fox")


def test_a_newer_version_is_posted_under_another_nonce(
    live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers = [STALE, ACCEPTED]
    monkeypatch.setattr(post_claim, "new_nonce", lambda: "99")

    posted = post(live, http, imagine())

    assert posted == Posted(ACCEPTED, "99")
    assert [b["data"]["version"] for b in http.bodies] == [
        OLD[0]["version"],
        FRESH[0]["version"],
    ]
    assert http.nonces == ["11", "99"]
    assert http.bodies[1]["data"]["options"] == http.bodies[0]["data"]["options"]


def test_without_a_newer_version_it_is_posted_once(
    live: DiscordAccount, http: FakeHttp
) -> None:
    http.answers, http.index = [STALE], OLD

    posted = post(live, http, imagine())

    assert posted is not None
    assert posted.answer.verdict is Verdict.REFUSED
    assert http.nonces == ["11"]


def test_what_another_has_read_meanwhile_is_not_read_again(
    live: DiscordAccount, http: FakeHttp
) -> None:
    CommandIndex.objects.update(commands=FRESH)
    http.answers = [STALE, ACCEPTED]

    post(live, http, imagine())

    assert http.index_reads == 0
    assert http.bodies[1]["data"]["version"] == FRESH[0]["version"]


def test_what_has_moved_on_is_not_posted_again(
    live: DiscordAccount, http: FakeHttp
) -> None:
    http.answers = [STALE, ACCEPTED]

    assert post(live, http, imagine(), holds=False) is None
    assert len(http.bodies) == 1


def test_a_button_has_no_version(live: DiscordAccount, http: FakeHttp) -> None:
    http.answers = [STALE]
    button = payloads.button(HERE, "11", message_id="5", flags=0, custom_id="MJ::x")

    posted = post(live, http, button)

    assert posted is not None
    assert posted.answer.verdict is Verdict.REFUSED
    assert (len(http.bodies), http.index_reads) == (1, 0)


def test_a_seed_is_asked_with_the_new_version(
    alice: User, live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def channel_with(*_: Any) -> str:
        return "1311111111111111299"

    monkeypatch.setattr(errands, "channel_with", channel_with)
    http.answers = [STALE, ACCEPTED]
    task = make_finished(alice, account=live)
    errand = send_on(ErrandKind.SEED, owner=alice, account=live, task=task)

    event_loop.run(errands.run(errand.pk))

    errand.refresh_from_db()
    assert errand.state == ErrandState.WAITING  # for the bot's answer
    assert errand.nonce == http.nonces[-1] != http.nonces[0]
    assert [b["data"]["version"] for b in http.bodies] == [
        OLD[-1]["version"],
        FRESH[-1]["version"],
    ]


def test_cancel_in_the_menu_is_pressed_with_the_new_version(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    http.answers = [STALE, ACCEPTED]
    task = make_running(
        alice,
        live,
        status=TaskStatus.IN_PROGRESS,
        progress_message_id="1311111111111115001",
        cancel_requested_at=timezone.now(),
    )

    cancel.press_cancel(task.pk)

    assert [b["data"]["version"] for b in http.bodies] == [
        OLD[2]["version"],
        FRESH[2]["version"],
    ]
    assert len(set(http.nonces)) == 2


def error(code: str, place: str = "options") -> dict[str, Any]:
    words = {"code": code, "message": "Must be 6000 or fewer in length."}
    inner = {"_errors": [words]}
    return {
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": {"data": {place: {"0": {"value": inner}}}},
    }


def test_what_is_wrong_with_a_value_is_no_stale_command() -> None:
    answer = classify(400, error("BASE_TYPE_BAD_LENGTH"))

    assert answer.verdict is Verdict.REFUSED
    assert "data.options.0.value: Must be 6000 or fewer in length." in answer.reason
    assert "50035" in answer.reason


@pytest.mark.parametrize(
    "body",
    [
        error("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"),
        {"code": 50035, "message": "Invalid Form Body"},
        {"code": 50035, "errors": "what"},
        {"code": 50035, "errors": {"_errors": [None, {}]}},
    ],
)
def test_any_other_wrong_form_may_be_a_stale_command(body: dict[str, Any]) -> None:
    assert classify(400, body).verdict is Verdict.STALE


def test_errors_without_end_are_read_as_far_as_is_sensible() -> None:
    deep: dict[str, Any] = {"_errors": [{"code": "BASE_TYPE_X"}]}
    for _ in range(5000):
        deep = {"x": deep}

    answer = classify(400, {"code": 50035, "errors": deep, "message": "x" * 9000})

    assert answer.verdict is Verdict.STALE
    assert len(answer.reason) < 500
