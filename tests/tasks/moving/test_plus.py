"""Moving in from “plus”: accounts and tasks, once, whatever happens meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEntry, DiscordAccount, User
from mjproxy.lib.audit.actors import Actor, acting
from tasks.enums import MoveSource, MoveState, TaskStatus
from tasks.models import MoveIn, Task
from tasks.moving import running
from tasks.moving.begin import AlreadyMoving, begin, stop
from tasks.moving.sources import Page
from tasks.wire import task_json
from tests.factories import make_account, make_finished, make_user
from tests.tasks.moving.old_servers import (
    JOB_ID,
    KEY,
    account,
    further,
    move,
    plus,
    task,
)

pytestmark = pytest.mark.django_db(transaction=True)


def numbers(run: MoveIn, part: str) -> tuple[int, int, int]:
    told = run.report.get(part, {})
    return told.get("taken", 0), told.get("skipped", 0), told.get("refused", 0)


def _olga(user: User) -> Actor:
    return Actor("olga", "192.0.2.1", user.pk)


def test_accounts_and_tasks_arrive(boss: User) -> None:
    bots = {"mjBotChannelId": "1118138338562700009"}
    with plus([account(1, **bots)], [task(1, properties={}), task(2)]) as server:
        run = move(server)

    assert (run.state, run.problem) == (MoveState.DONE, "")
    assert numbers(run, "accounts") == (1, 0, 0)
    assert numbers(run, "tasks") == (2, 0, 0)
    mine = DiscordAccount.objects.get()
    assert (mine.channel_id, mine.user_token) == (
        "1118138338562700001",
        "very-secret-token-1",
    )
    assert (mine.enabled, mine.sponsor, mine.weight) == (False, "by mjplus", 1)
    assert (mine.max_queue_size, mine.interval) == (100, 1.2)
    assert mine.private_channel_id == "1118138338562700009"
    one = Task.objects.get(pk=task(2)["id"])
    assert (one.owner, one.account) == (boss, mine)
    assert (one.message_id, one.final_prompt) == (
        "1281000000000000002",
        "a red fox 2 --v 6.1",
    )
    assert one.hook_due_at is None
    assert one.notify_hook == ""


def test_a_task_is_shown_with_its_old_id_and_the_link_of_its_picture(
    boss: User,
) -> None:
    with plus([], [task(1)]) as server:
        move(server)

    shown = task_json(Task.objects.get())

    expected = task(1)
    for name in ("id", "prompt", "submitTime", "finishTime", "imageUrl", "buttons"):
        assert shown[name] == expected[name]
    assert (shown["status"], shown["progress"]) == ("SUCCESS", "100%")


def test_a_picture_at_discord_gets_a_link_of_this_server(boss: User) -> None:
    link = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1"
    with plus([], [task(1, imageUrl=link)]) as server:
        move(server)

    mine = Task.objects.get()
    assert (mine.picture_source, mine.picture_link) == (link, "")
    assert "/images/" in str(task_json(mine)["imageUrl"])


def test_a_second_run_takes_nothing_twice(boss: User) -> None:
    with plus([account(1)], [task(1)]) as server:
        move(server)
        DiscordAccount.objects.update(remark="edited here")
        again = move(server)

    assert numbers(again, "accounts") == (0, 1, 0)
    assert numbers(again, "tasks") == (0, 1, 0)
    assert DiscordAccount.objects.get().remark == "edited here"
    assert Task.objects.count() == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(boss: User) -> None:
    rows = [task(1), task(2, id="not a number")]
    with acting(lambda: _olga(boss)), plus([account(1)], rows) as server:
        run = move(server, is_dry=True)

    assert (run.state, run.is_dry) == (MoveState.DONE, True)
    assert numbers(run, "accounts") == (1, 0, 0)
    assert numbers(run, "tasks") == (1, 0, 1)
    assert not DiscordAccount.objects.exists()
    assert not Task.objects.exists()
    told = set(AuditEntry.objects.values_list("action", flat=True))
    assert told == {"move in", "moved in"}


def test_all_pages_are_read(boss: User) -> None:
    rows = [task(number) for number in range(250)]
    with plus([], rows) as server:
        run = move(server)

    assert numbers(run, "tasks") == (250, 0, 0)
    assert [call.path for call in server.calls].count("/mj/task-admin/query") == 3
    assert Task.objects.count() == 250


def test_what_is_not_over_waits_for_another_run(boss: User) -> None:
    with plus([], [task(1, status="IN_PROGRESS")]) as server:
        first = move(server)
        server.handler.rows["/mj/task-admin/query"] = [task(1)]  # type: ignore[union-attr]
        second = move(server)

    reasons = first.report["tasks"]["reasons"]
    assert reasons == {"skipped": {"it is not over yet": 1}}
    assert numbers(second, "tasks") == (1, 0, 0)


def test_it_goes_on_where_a_killed_process_was(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process dies after the first hundred rows of the second page."""
    rows = [task(number) for number in range(250)]
    written = running._written
    done: list[int] = []

    class Killed(BaseException):
        pass

    def dying(*args: Any) -> Any:
        if len(done) == 3:
            raise Killed
        done.append(1)
        return written(*args)

    monkeypatch.setattr(running, "_written", dying)
    with plus([account(1)], rows) as server:
        run = begin(MoveSource.PLUS, server.origin, KEY)
        with pytest.raises(Killed):
            further(run)
        assert Task.objects.count() == 200
        assert running.due_moves() == []  # the dead process still has its claim
        MoveIn.objects.update(claimed_until=None)
        assert running.due_moves() == [run.pk]
        monkeypatch.setattr(running, "_written", written)
        run = further(run)

    assert run.state == MoveState.DONE
    assert numbers(run, "accounts") == (1, 0, 0)
    assert numbers(run, "tasks") == (250, 0, 0)
    assert Task.objects.count() == 250


def test_two_processes_do_not_do_the_same_run(boss: User) -> None:
    with plus([], [task(1)]) as server:
        run = begin(MoveSource.PLUS, server.origin, KEY)
        place = running._claim(run.pk)
        assert place
        run = further(run)
        assert (run.state, server.calls) == (MoveState.OPEN, [])
        MoveIn.objects.update(claimed_until=None)
        run = further(run)  # another one takes it over

    assert run.state == MoveState.DONE
    with pytest.raises(running.Lost):
        running._written(place, Page([task(5)]), "")
    assert Task.objects.count() == 1


def test_there_is_one_open_run_at_a_time(boss: User) -> None:
    first = begin(MoveSource.PLUS, "https://old.example", KEY)

    with pytest.raises(AlreadyMoving):
        begin(MoveSource.PLUS, "https://other.example", KEY)
    assert stop(first.pk)
    begin(MoveSource.PLUS, "https://other.example", KEY)

    first.refresh_from_db()
    assert (first.state, first.api_key) == (MoveState.STOPPED, "")


def test_a_stopped_run_takes_nothing_more(boss: User) -> None:
    run = begin(MoveSource.PLUS, "https://old.example", KEY)
    place = running._claim(run.pk)
    assert place

    stop(run.pk)

    with pytest.raises(running.Lost):
        running._written(place, Page([account(1)]), "")
    assert not DiscordAccount.objects.exists()


def test_a_message_or_job_that_another_task_has_stays_its_own(boss: User) -> None:
    own = make_finished(boss, message_id="1281000000000000001", job_id=JOB_ID)
    with plus([], [task(1, jobId=JOB_ID)]) as server:
        run = move(server)

    assert numbers(run, "tasks") == (1, 0, 0)
    mine = Task.objects.exclude(pk=own.pk).get()
    assert (mine.message_id, mine.job_id) == (None, None)
    assert mine.buttons_message_id == "1281000000000000001"


def test_accounts_that_are_here_keep_their_token(boss: User) -> None:
    make_account(channel_id="1118138338562700001", user_token="own")
    with plus([account(1)], []) as server:
        run = move(server)

    assert numbers(run, "accounts") == (0, 1, 0)
    assert DiscordAccount.objects.get().user_token == "own"


def test_the_audit_log_names_who_began_it(boss: User) -> None:
    olga = make_user("olga", is_staff=True)
    with plus([account(1)], [task(1)]) as server:
        with acting(lambda: _olga(olga)):
            run = begin(MoveSource.PLUS, server.origin, KEY)
        further(run)

    told = AuditEntry.objects.filter(actor="olga", origin="192.0.2.1")
    assert set(told.values_list("action", "kind")) == {
        ("move in", "move"),
        ("add", "Discord account"),
        ("moved in", "move"),
    }
    assert "very-secret" not in str(list(told.values()))
    assert KEY not in str(list(told.values()))
    assert Task.objects.get().owner == olga


def test_a_failure_keeps_its_reason_and_an_end(boss: User) -> None:
    lost = {"status": "FAILURE", "failReason": "timed out", "imageUrl": None}
    with plus([], [task(1, **lost), task(2, **lost | {"status": "CANCEL"})]) as server:
        move(server)

    assert {(t.status, t.fail_reason) for t in Task.objects.all()} == {
        (TaskStatus.FAILURE, "timed out")
    }
