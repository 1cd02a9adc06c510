"""Moving in from the Java line: accounts of its settings file, tasks of its list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.exceptions import InvalidField
from accounts.models import AuditEntry, DiscordAccount, User
from tasks.enums import CopyState, MoveSource, MoveState
from tasks.models import MovedPicture, MoveIn, Task
from tasks.moving.java_settings import accounts_in
from tests.http_server import Server, serving
from tests.tasks.moving.old_servers import KEY, Java, move, task

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS = """
mj:
  accounts:
    - guild-id: 1118138338562560101
      channel-id: "1118138338562700001"
      user-token: very-secret-token-1
      core-size: 5
      queueSize: 20
    - guildId: 1118138338562560101
      channelId: 1118138338562700002
      userToken: very-secret-token-2
      enable: true
  api-secret: not taken
"""
ONE = """
mj.unused: 1
mj:
  discord: {guild-id: "1", channel-id: "2", user-token: "3"}
"""


def old(number: int, **members: Any) -> dict[str, Any]:
    """Return a task with the members that this line has."""
    own = ("id", "action", "status", "prompt", "promptEn", "description", "state")
    times = ("submitTime", "startTime", "finishTime")
    others = ("imageUrl", "progress", "failReason", "properties")
    found = task(number)
    return {name: found[name] for name in (*own, *times, *others)} | members


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "application.yml"
    path.write_text(SETTINGS)
    return path


def test_accounts_and_tasks_arrive(boss: User) -> None:
    rows = [old(1), old(2, id="0123456789012345"), old(3, status="IN_PROGRESS")]
    with serving(Java(rows)) as server:
        run = move(server, MoveSource.JAVA, given=accounts_in(SETTINGS.encode()))

    assert (run.state, run.problem, run.given) == (MoveState.DONE, "", "")
    first, second = DiscordAccount.objects.order_by("channel_id")
    assert (first.core_size, first.max_queue_size) == (5, 20)
    assert (first.user_token, second.user_token) == (
        "very-secret-token-1",
        "very-secret-token-2",
    )
    assert (first.enabled, second.enabled) == (False, False)
    assert set(Task.objects.values_list("pk", flat=True)) == {
        int(old(1)["id"]),
        123456789012345,
    }


def _command(server: Server, tmp_path: Path, *more: str) -> None:
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    host = ("--host", server.origin, "--key-file", str(key))
    call_command("move_in", "java", *host, *more)


def test_the_command_says_how_it_went(
    boss: User, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Java([old(1), old(2, action="?")])) as server:
        _command(server, tmp_path, "--settings-file", str(file))

    said = capsys.readouterr()
    assert "accounts: 2 taken, 0 skipped, 0 refused" in said.out
    assert "tasks: 1 taken, 0 skipped, 1 refused" in said.out
    assert "  refused, 1: its action is unknown" in said.out
    assert said.out.endswith("Done.\n")
    assert "very-secret" not in said.out + said.err
    assert KEY not in said.out + said.err
    told = AuditEntry.objects.filter(actor="move_in", origin="command")
    assert {"move in", "add", "moved in"} == set(told.values_list("action", flat=True))


@pytest.mark.parametrize(
    ("more", "left"), [((), 1), (("--no-pictures",), 0), (("--dry-run",), 0)]
)
def test_the_command_leaves_pictures_to_workers(
    boss: User,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    left: int,
) -> None:
    with serving(Java([old(1)])) as server:
        _command(server, tmp_path, *more)

    assert (
        "Workers copy the pictures of 1 task(s) now." in capsys.readouterr().out
    ) is bool(left)
    assert MovedPicture.objects.filter(state=CopyState.DUE).count() == left


def test_the_command_fails_with_the_reason(boss: User, tmp_path: Path) -> None:
    with serving(Java({})) as server:  # type: ignore[arg-type]
        with pytest.raises(CommandError, match="tasks: the answer has an unknown form"):
            _command(server, tmp_path)
        with pytest.raises(CommandError, match="application"):
            _command(
                server, tmp_path, "--settings-file", str(tmp_path / "application.yml")
            )

    assert MoveIn.objects.count() == 1


def test_a_file_with_one_account_is_read() -> None:
    assert accounts_in(ONE.encode()) == [
        {"guildId": "1", "channelId": "2", "userToken": "3"}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mj: 1",
        "mj: {accounts: []}",
        "- mj",
        "mj: [",
        "\x00",
        "mj: !!python/object/apply:os.system ['true']",
        "a: &a [x, x]\nb: *a",
        "[" * 100_000,
        "a: 1\n---\nmj: {accounts: [{}]}",
        "x" * 1_000_001,
    ],
)
def test_a_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        accounts_in(text.encode())
