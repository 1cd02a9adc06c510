"""Questions and answers through a real connection to a simulated Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from accounts.models import DiscordAccount
from gateway.enums import OVER, QueryKind, QueryState
from gateway.models import AccountQuery
from gateway.queries.ask import ask_command, ask_press, ask_version
from gateway.sending import queries
from gateway.simulator.app import Simulator
from mjproxy.lib.db.threads import in_thread
from tests.gateway.query_rows import MJ, NIJI, snapshot
from tests.gateway.simulated import (
    Line,
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
    row_of,
    run_simulator,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["loading", "message"])
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    async with run_simulator(reply_form=request.param) as found:
        yield found


@pytest.fixture
async def account(simulator: Simulator) -> DiscordAccount:
    return await in_thread(make_held)


@pytest.fixture
async def line(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> AsyncIterator[Line]:
    async with connected(account, addresses_of(simulator), watch) as found:
        await found.is_up()
        await watch.until(lambda: "sync_if_due" in watch.calls)
        yield found


async def work(line: Line) -> list[tuple[str, str, str]]:
    """Send all queries, each after the answer to the last; return what came of them."""
    account_id = line.connection.account_id
    while claim := await in_thread(queries._claim, account_id):
        answer = await line.connection.http.post_interaction(claim.body)
        await in_thread(queries.settle, claim.query.pk, claim.right.nonce, answer)
        answered = AccountQuery.objects.filter(pk=claim.query.pk, state__in=OVER)
        await line.watch.until(partial(in_thread, answered.exists))
    rows = AccountQuery.objects.order_by("pk").values_list("bot", "kind", "state")
    return await in_thread(lambda: list(rows))


async def test_a_fresh_account_is_read_whole(
    line: Line, account: DiscordAccount
) -> None:
    done = await work(line)

    assert done == [
        (bot, kind, QueryState.DONE)
        for kind in (QueryKind.INFO, QueryKind.SETTINGS)
        for bot in (NIJI, MJ)
    ]
    mj = await in_thread(snapshot, account)
    niji = await in_thread(snapshot, account, NIJI)
    assert (mj.plan, mj.fast_hours, mj.job_mode) == ("Standard", 14.21, "Fast")
    assert (mj.version, niji.version) == ("7", "niji 6")
    assert mj.switches["High Variation Mode"] is True
    assert mj.session_id == line.connection.resume.session_id


async def test_settings_are_pressed_and_chosen(
    line: Line, account: DiscordAccount
) -> None:
    await work(line)
    tree = (await in_thread(snapshot, account)).components
    remix = custom_id(tree, "Remix mode")

    await in_thread(ask_version, account, MJ, "6.1")
    await in_thread(ask_press, account, MJ, remix)
    await work(line)

    mj = await in_thread(snapshot, account)
    assert (mj.version, mj.remix_on) == ("6.1", True)
    assert (await row_of(account)).mj_remix_on is True


async def test_commands_are_answered(
    line: Line, account: DiscordAccount, simulator: Simulator
) -> None:
    await work(line)

    await in_thread(ask_command, account, MJ, "prefer remix")
    await in_thread(ask_command, account, NIJI, "relax")
    await in_thread(ask_command, account, MJ, "prefer suffix", "--q 2")
    done = await work(line)

    assert {state for *_, state in done} == {QueryState.DONE}
    assert (await row_of(account)).mj_remix_on is True
    mj = await in_thread(snapshot, account)
    assert (mj.job_mode, mj.suffix) == ("Relax", "--q 2")
    assert mj.switches["Relax mode"] is True


async def test_used_up_fast_time_is_seen(
    line: Line, account: DiscordAccount, simulator: Simulator
) -> None:
    change = {"change": "account-1", "fast_time": "0.1/15.0 hours (0.7%)"}
    await control(simulator, "POST", "/accounts", change)

    await work(line)

    assert (await row_of(account)).fast_exhausted is True


def custom_id(tree: list[dict[str, Any]], label: str) -> str:
    buttons = [node for row in tree for node in row["components"]]
    return next(str(b["custom_id"]) for b in buttons if b.get("label") == label)
