"""Effects of an account's state, and of an edit, on its socket; with the simulator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.editing.save import reconnect, save_account, set_enabled
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.state.changes import follow_work_hours, resume_due, trouble
from gateway.simulator.app import Simulator
from mjproxy.lib.db.threads import in_thread
from tasks.services import fail
from tests.gateway.rows import make_running
from tests.gateway.simulated import (
    Watch,
    control,
    make_simulated,
    row_of,
    run_manager,
    session_of,
    sessions_reach,
)

FURTHER = "1201000000000009001"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_simulated()


async def test_an_account_that_rests_closes_its_socket_after_its_last_drawing(
    simulator: Simulator, watch: Watch, account: DiscordAccount, alice: User
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        task = await in_thread(make_running, alice, account)
        hours = DiscordAccount.objects.filter(pk=account.pk)
        await in_thread(hours.update, work_time=_hours_that_are_over())

        await in_thread(follow_work_hours)
        await watch.until_row(account, state=AccountState.RESTING)
        await running.manager._reconcile()
        assert simulator.hub.live_count() == 1
        await in_thread(fail, task.pk, "over")
        running.manager.kick()

        await sessions_reach(simulator, 0)
        await in_thread(hours.update, resume_at=timezone.now())
        await in_thread(hours.update, work_time="")
        await in_thread(resume_due)
        running.manager.kick()
        await watch.until_row(account, state=AccountState.READY)


async def test_a_final_end_is_not_tried_again_before_a_person_acts(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        await control(simulator, "POST", "/gateway/close", {"code": 4012})
        await watch.until_row(account, state=AccountState.PAUSED)
        before = running.connection_of(account)

        await running.manager._reconcile()
        assert running.connection_of(account) is before
        await in_thread(set_enabled, await row_of(account), enabled=True)
        running.manager.kick()

        await watch.until_row(account, state=AccountState.READY)


# --- edits ---------------------------------------------------------------------------


async def test_what_does_not_concern_the_connection_leaves_it_alone(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        before = running.connection_of(account)
        row = await row_of(account)
        row.remark, row.core_size = "a fox", 7
        further = {(row.guild_id, FURTHER): ""}

        await in_thread(
            save_account, row, fields={"remark", "enabled"}, further=further
        )
        running.manager.kick()

        # On the same socket it hears the further channel at once.
        await watch.until(
            lambda: before is not None and FURTHER in before.identity.channels
        )
        assert running.connection_of(account) is before
        assert simulator.hub.live_count() == 1
        (at_discord,) = simulator.hub.of(None)
        assert at_discord.resumes == 0


async def test_an_account_that_is_told_to_connect_anew_identifies(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        before = running.connection_of(account)

        await in_thread(reconnect, account.pk)

        await watch.until(lambda: watch.ready >= 2)
        after = running.connection_of(account)
        assert after is not None
        assert after is not before
        sessions = simulator.hub.of(None)
        assert [each.resumes for each in sessions] == [0, 0]
        assert (await session_of(account)).session_id == sessions[-1].id


async def test_an_account_that_a_person_has_helped_resumes(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        await in_thread(trouble, account.pk, AccountState.PAUSED, "why")

        await in_thread(set_enabled, await row_of(account), enabled=True)
        running.manager.kick()

        await watch.until_row(account, state=AccountState.READY)
        (at_discord,) = simulator.hub.of(None)
        assert at_discord.resumes == 1


async def test_emptied_direct_channels_are_found_when_it_connects_anew(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        known = await row_of(account)
        assert known.private_channel_id
        rows = DiscordAccount.objects.filter(pk=account.pk)
        await in_thread(rows.update, private_channel_id="", niji_bot_channel_id="")

        await in_thread(reconnect, account.pk)
        running.manager.kick()

        names = "private_channel_id", "niji_bot_channel_id"
        found = {name: getattr(known, name) for name in names}
        await watch.until_row(account, state=AccountState.READY, **found)


async def test_rows_of_one_user_know_each_other(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    sibling = await in_thread(
        make_simulated, channel_id=FURTHER, state=AccountState.CONNECTING
    )
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        await watch.until_row(sibling, state=AccountState.READY)

        await in_thread(trouble, account.pk, AccountState.BLOCKED, "why")
        assert (await row_of(sibling)).state == AccountState.BLOCKED

        # One that joins later is blocked before it has drawn anything.
        late = await in_thread(make_simulated, channel_id=str(int(FURTHER) + 1))
        running.manager.kick()
        await watch.until_row(late, state=AccountState.BLOCKED)


def _hours_that_are_over() -> str:
    begin = timezone.localtime() + timedelta(hours=2)
    return f"{begin:%H:%M}-{begin + timedelta(hours=1):%H:%M}"
