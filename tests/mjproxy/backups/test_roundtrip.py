"""A backup restores everything, on every kind of database."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.mjproxy.backups.installation import SETUP, Installation, digest

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]
PASSPHRASE = "correct horse battery"
CHANGE = """
from accounts.models import DiscordAccount, User
from tasks.models import Task
Task.objects.all().delete()
User.objects.filter(is_staff=False).delete()
DiscordAccount.objects.update(remark="changed", user_token="changed")
"""
MORE = """
from accounts.models import User
from tests.factories import make_account, make_task
alice = User.objects.get(username="alice 中文")
task = make_task(alice, account=make_account(channel_id="1118138338562777777"))
print(task.pk)
"""
# Writes for ever, and tells when it has begun.
WRITER = """
from django.db import transaction
from accounts.models import User
from tasks.models import WebhookDelivery
from tests.factories import make_task
owner = User.objects.get(username="alice 中文")
while True:
    with transaction.atomic():
        task = make_task(owner, prompt="written together")
        WebhookDelivery.objects.create(
            owner=owner,
            task=task,
            revision=1,
            status="NOT_START",
            url="https://h.example",
            host="h.example:443",
            body=".",
        )
    print(task.pk, flush=True)
"""
REMARKED = "UPDATE accounts_discordaccount SET remark = 'changed'"


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    return file


def writing(installation: Installation) -> subprocess.Popen[str]:
    """Start a process that writes, and wait until it does."""
    writer = subprocess.Popen(
        [sys.executable, "-c", SETUP + WRITER],
        env=installation.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout
    assert writer.stdout.readline()
    return writer


def test_every_row_comes_back_and_what_was_there_is_kept(
    installation: Installation, tmp_path: Path
) -> None:
    before, file = installation.content(), tmp_path / "backup.tar"

    installation.done("backup", str(file))
    installation.python(CHANGE)
    assert installation.content() != before
    said = installation.done("restore", str(file))

    assert installation.content() == before
    told = "SELECT actor, origin, action, name FROM accounts_auditentry"
    assert ["restore", "command", "restore", "backup"] in map(
        list, installation.sql(told)
    )
    assert "2 drawings that waited" in said
    assert "1 drawings that were under way" in said
    assert "2 webhooks" in said
    assert "1 mails" in said
    kept = next(line for line in said.splitlines() if line.startswith("Kept: "))
    assert Path(kept.removeprefix("Kept: ")).exists()
    assert int(installation.python(MORE)) > 0  # new rows get numbers that are free


def test_a_backup_is_readable_by_its_owner_alone_and_replaces_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    installation.done("backup", str(file), umask=0)
    before = digest(file)

    again = installation.manage("backup", str(file))

    assert file.stat().st_mode & 0o777 == 0o600
    assert again.returncode == 1
    assert b"exists" in again.stderr
    assert digest(file) == before
    assert [path.name for path in tmp_path.iterdir() if path.name[0] == "."] == []


def test_no_secret_is_in_a_backup_in_clear(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"

    installation.done("backup", str(file))
    with tarfile.open(file) as tar:
        rows = [tar.extractfile(name) for name in tar.getnames() if ".gz" in name]
        unpacked = b"".join(gzip.decompress(each.read()) for each in rows if each)

    assert b"alice" in unpacked
    assert b"very-secret" not in unpacked


def test_it_is_of_one_moment_though_others_write(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    with writing(installation) as writer:
        installation.done("backup", str(file))
        writer.kill()

    installation.done("restore", str(file))

    count = "SELECT count(*) FROM"
    tasks = installation.sql(f"{count} tasks_task WHERE prompt = 'written together'")
    hooks = installation.sql(
        f"{count} tasks_webhookdelivery WHERE url = 'https://h.example'"
    )
    assert tasks == hooks
    assert tasks[0][0]


def test_after_a_crash_the_dead_journal_does_not_touch_what_is_put_back(
    installation: Installation, archive: Path
) -> None:
    if not installation.is_sqlite:
        pytest.skip("SQLite's own matter")
    before = installation.content()
    with writing(installation) as writer:
        writer.kill()
    journal = installation.database.with_name("mjproxy.sqlite3-wal")
    assert journal.stat().st_size

    installation.done("restore", str(archive))

    assert not journal.exists()
    with closing(sqlite3.connect(installation.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert installation.content() == before
    (kept,) = installation.data.glob("mjproxy.sqlite3.before-*")
    with closing(sqlite3.connect(kept)) as database:
        count = "SELECT count(*) FROM tasks_task WHERE prompt = 'written together'"
        assert database.execute(count).fetchone()[0]


def test_a_damaged_database_is_replaced(
    installation: Installation, archive: Path
) -> None:
    if not installation.is_sqlite:
        pytest.skip("SQLite's own matter")
    before = installation.content()
    installation.database.write_bytes(b"no database at all" * 1000)

    installation.done("restore", str(archive))

    assert installation.content() == before


def test_pictures_and_secrets_come_along_where_they_are_wanted(
    installation: Installation, tmp_path: Path, passphrase: Path
) -> None:
    picture = installation.data / "pictures" / "12" / "a.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    (installation.data / "pictures" / ".draft").write_bytes(b"not whole")
    key = (installation.data / "secrets" / "encryption_keys").read_text()
    file, word = tmp_path / "backup.tar", ["--passphrase-file", str(passphrase)]
    installation.done("backup", str(file), "--pictures", "--secrets", *word)
    before = installation.content()
    shutil.rmtree(installation.data)

    said = installation.done("restore", str(file), "--secrets", *word)

    assert installation.content() == before
    assert picture.read_bytes() == b"a picture"
    assert not (picture.parent.parent / ".draft").exists()
    assert (installation.data / "secrets" / "encryption_keys").read_text() == key
    assert "1 picture(s) are back" in said
    assert key.encode() not in file.read_bytes()
    installation.python(
        "from mjproxy.lib.db.key_rotation import unreadable\nassert not unreadable()"
    )
    modes = {path.stat().st_mode & 0o077 for path in installation.data.rglob("*")}
    assert modes == {0}


def test_a_key_that_is_missing_is_said(
    installation: Installation, archive: Path
) -> None:
    shutil.rmtree(installation.data)

    said = installation.done("restore", str(archive))

    assert "encrypted with a key that is not here" in said
    assert (installation.data / "secrets" / "encryption_keys").exists()


def test_a_wrong_passphrase_touches_nothing(
    installation: Installation, tmp_path: Path, passphrase: Path
) -> None:
    file, word = tmp_path / "backup.tar", ["--passphrase-file", str(passphrase)]
    installation.done("backup", str(file), "--secrets", *word)
    installation.sql(REMARKED)
    before = installation.content()
    passphrase.write_text("another one")

    line = installation.refused("restore", str(file), "--secrets", *word)

    assert "passphrase is wrong" in line
    assert installation.content() == before


def test_it_goes_through_a_pipe(installation: Installation) -> None:
    before = installation.content()

    data = installation.manage("backup", "-").stdout
    installation.sql(REMARKED)
    installation.done("restore", "-", stdin=data)

    assert installation.content() == before
    assert [path.name for path in installation.data.glob(".*")] == []


def test_rows_move_from_one_kind_of_database_to_another(
    installation: Installation, tmp_path: Path
) -> None:
    if installation.is_sqlite:
        pytest.skip("both ends are SQLite here")
    other = Installation(tmp_path / "other")
    out, back = tmp_path / "out.tar", tmp_path / "back.tar"
    before = installation.content()

    installation.done("backup", str(out))
    other.done("restore", str(out))
    other.done("backup", str(back))
    installation.sql(REMARKED)
    installation.done("restore", str(back))

    assert installation.content() == before
