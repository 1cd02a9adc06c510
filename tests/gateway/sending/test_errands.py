from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.discord import uploads
from gateway.discord.uploads import UploadFailed
from gateway.lanes import lane
from gateway.models import DispatchLane
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.sending import errands
from mjproxy.lib.process import event_loop
from tasks.enums import ErrandKind, ErrandState, InputRole
from tasks.errands import send_on
from tasks.models import Errand, Task
from tasks.pictures import inputs
from tests.factories import make_finished
from tests.gateway.fakes import FakeHttp
from tests.http_server import always, serving
from tests.pictures import bare, picture

pytestmark = pytest.mark.django_db(transaction=True)

BOOKMARK = "MJ::BOOKMARK::5c0ffee0-1234-4abc-8def-0123456789ab"


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def drawn(alice: User, live: DiscordAccount) -> Task:
    return make_finished(alice, account=live)


def press(task: Task) -> Errand:
    assert task.account is not None
    return send_on(
        ErrandKind.PRESS,
        owner=task.owner,
        account=task.account,
        task=task,
        custom_id=BOOKMARK,
    )


def run(errand: Errand) -> Errand:
    event_loop.run(errands.run(errand.pk))
    errand.refresh_from_db()
    return errand


def test_a_button_that_draws_nothing_is_pressed_once(
    drawn: Task, http: FakeHttp
) -> None:
    errand = run(press(drawn))

    (body,) = http.bodies
    # That Discord takes it says nothing of what Midjourney does.
    assert errand.state == ErrandState.WAITING
    assert errand.nonce == body["nonce"]
    assert errands.waiting() == []
    assert run(errand).state == ErrandState.WAITING
    assert len(http.bodies) == 1
    assert body["application_id"] == MIDJOURNEY_APP
    assert body["message_id"] == drawn.message_id
    assert body["data"]["custom_id"] == BOOKMARK


def test_a_press_that_was_cut_is_not_repeated_but_told_of(
    drawn: Task, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.UNKNOWN, "cut")]
    errand = run(press(drawn))
    assert errands.waiting() == []
    Errand.objects.update(claimed_until=None)

    run(errand)
    Errand.objects.update(created_at=timezone.now() - 2 * errands.LIFE)
    errands.waiting()

    errand.refresh_from_db()
    assert len(http.bodies) == 1
    assert errand.state == ErrandState.FAILED
    assert "not known whether it was pressed" in errand.error_en


def test_a_refused_press_says_why(drawn: Task, http: FakeHttp) -> None:
    http.answers = [Answer(Verdict.REFUSED, "Discord 404: Unknown Message (10008)")]

    errand = run(press(drawn))

    assert errand.state == ErrandState.FAILED
    assert "Unknown Message" in errand.error_en


def test_a_rate_limited_press_waits_for_its_next_turn(
    drawn: Task, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord 429", 1.0)]

    errand = run(press(drawn))

    assert errand.state == ErrandState.WAITING
    assert errands.waiting() == []
    Errand.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    DispatchLane.objects.update(rest_until=None)
    assert errands.waiting() == [errand.pk]
    run(errand)
    assert len(set(http.nonces)) == len(http.bodies) == 2


def test_while_discord_wants_silence_nothing_is_pressed(
    drawn: Task, http: FakeHttp
) -> None:
    assert drawn.account_id is not None
    lane.rest(drawn.account_id, timezone.now() + timedelta(hours=1))

    assert run(press(drawn)).state == ErrandState.WAITING
    assert http.bodies == []


def test_of_two_workers_one_runs_an_errand(drawn: Task, http: FakeHttp) -> None:
    errand = press(drawn)

    assert errands._claim(errand.pk) is not None
    assert errands._claim(errand.pk) is None


@pytest.mark.parametrize("change", ["state", "session"])
def test_without_a_ready_account_it_waits(
    drawn: Task, http: FakeHttp, change: str
) -> None:
    errand = press(drawn)
    if change == "state":
        DiscordAccount.objects.update(state=AccountState.PAUSED)
    else:
        type(errand.account.session).objects.update(is_live=False)

    assert run(errand).state == ErrandState.WAITING
    assert http.bodies == []


def test_who_asks_for_the_same_shares_one_press(drawn: Task, http: FakeHttp) -> None:
    errands_asked = {press(drawn).pk for _ in range(30)}

    assert len(errands_asked) == 1


def test_the_pace_of_the_account_holds_for_presses(
    drawn: Task, alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    live.interval = 60
    live.save()
    others = [make_finished(alice, account=live) for _ in range(3)]

    asked = [run(press(each)) for each in (drawn, *others)]

    assert len(http.bodies) == 1
    # The others wait for their turn: whoever looks may take them again.
    assert [errand.nonce is None for errand in asked] == [False, True, True, True]
    assert errands.waiting() == [errand.pk for errand in asked[1:]]


def test_a_press_that_waited_is_not_sent_by_a_closed_session(
    drawn: Task, live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reserve(account: DiscordAccount) -> Any:
        type(account.session).objects.update(is_live=False)
        return timezone.now()

    monkeypatch.setattr(lane, "reserve", reserve)

    errand = run(press(drawn))

    assert http.bodies == []
    assert (errand.state, errand.claimed_until) == (ErrandState.WAITING, None)


def test_what_takes_too_long_is_given_up(drawn: Task) -> None:
    errand = press(drawn)
    Errand.objects.update(created_at=timezone.now() - 2 * errands.LIFE)

    assert errands.waiting() == []

    errand.refresh_from_db()
    assert (errand.state, errand.error_zh) == (ErrandState.FAILED, "超时")


# --- uploads -------------------------------------------------------------------------


def brought(alice: User, account: DiscordAccount) -> Errand:
    pictures = inputs.read_all(
        [bare(picture()), bare(picture(colour="blue"))], InputRole.PROMPT
    )
    return send_on(ErrandKind.UPLOAD, owner=alice, account=account, brought=pictures)


def fake_uploads(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> list[bytes]:
    seen: list[bytes] = []
    left = list(outcomes)

    async def link(_: Any, __: str, name: str, body: bytes, ___: str) -> str:
        seen.append(body)
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return str(outcome)

    monkeypatch.setattr(uploads, "link", link)
    return seen


def test_links_come_in_the_order_of_the_pictures(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = fake_uploads(monkeypatch, "https://one", "https://two")

    errand = run(brought(alice, live))

    assert errand.result == ["https://one", "https://two"]
    assert seen == [picture(), picture(colour="blue")]


def test_a_broken_upload_goes_on_where_it_broke(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = UploadFailed("the upload was answered 500", status=500)
    seen = fake_uploads(monkeypatch, "https://one", broken, "https://two")

    errand = run(brought(alice, live))
    Errand.objects.update(claimed_until=None)
    errand = run(errand)

    assert errand.result == ["https://one", "https://two"]
    assert len(seen) == 3


def test_a_refused_upload_is_told(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_uploads(monkeypatch, UploadFailed("Discord 413", permanent=True, status=413))

    errand = run(brought(alice, live))

    assert errand.state == ErrandState.FAILED
    assert errand.error_zh == "上传图片到discord失败"


def test_trouble_that_may_pass_is_waited_for_longer_and_longer(
    alice: User, live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = UploadFailed("the upload was answered 500", status=500)
    fake_uploads(monkeypatch, failed, failed, failed)
    errand = brought(alice, live)

    pauses = []
    for _ in range(3):
        errand = run(errand)
        assert errand.state == ErrandState.WAITING
        assert errand.claimed_until
        pauses.append((errand.claimed_until - timezone.now()).total_seconds())
        Errand.objects.update(claimed_until=None)

    for pause, longest in zip(pauses, (4.0, 8.0, 16.0), strict=True):
        assert longest / 2 - 0.5 < pause <= longest


@pytest.mark.parametrize("path", ["/status/404", "/status/503"])
def test_a_link_is_given_up_for_its_own_reason(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    settings: Settings,
    path: str,
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True
    status = int(path[-3:])
    with serving(always(status)) as site:
        picked = inputs.read_all([f"{site.origin}{path}"], InputRole.PROMPT)
        errand = send_on(ErrandKind.UPLOAD, owner=alice, account=live, brought=picked)
        if status >= 500:
            assert run(errand).state == ErrandState.WAITING
            old = timezone.now() - 2 * errands.PATIENCE
            Errand.objects.update(created_at=old, claimed_until=None)

        errand = run(errand)

    assert errand.state == ErrandState.FAILED
    assert f"HTTP {status}" in errand.error_en
