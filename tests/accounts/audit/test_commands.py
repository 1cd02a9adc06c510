from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.management.commands import changepassword
from django.core.management import call_command

from accounts.models import AuditEntry, DiscordAccount, User
from accounts.transfer.accounts import export_file
from tests.factories import make_account

PASSPHRASE = "a long passphrase of mine"


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o600)
    return str(path)


def seen() -> list[tuple[Any, ...]]:
    columns = ("actor", "origin", "user_id", "action", "kind", "name")
    return list(AuditEntry.objects.order_by("pk").values_list(*columns))


def test_accounts_are_imported_and_exported(
    db: None, tmp_path: Path, passphrase: str
) -> None:
    make_account(remark="one")
    file = tmp_path / "accounts.json"
    file.write_bytes(export_file(DiscordAccount.objects.all(), PASSPHRASE))
    DiscordAccount.objects.all().delete()

    call_command("import_accounts", str(file), passphrase_file=passphrase)
    written = str(tmp_path / "written.json")
    call_command("export_accounts", written, passphrase_file=passphrase)

    assert seen() == [
        ("import_accounts", "command", None, "add", "Discord account", "one"),
        ("export_accounts", "command", None, "export", "", "Discord accounts"),
    ]


def test_keys_are_rotated(db: None) -> None:
    call_command("rotate_keys")

    assert [entry[3:] for entry in seen()] == [("rotate keys", "", "encryption keys")]


def test_a_password_is_changed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        changepassword.Command, "_get_pass", lambda *_, **__: "canary-pw-1"
    )

    call_command("changepassword", "alice")

    assert [entry[3:] for entry in seen()] == [("password changed", "user", "alice")]
    alice.refresh_from_db()
    assert alice.check_password("canary-pw-1")


def test_an_operator_is_made(db: None) -> None:
    call_command("createsuperuser", interactive=False, username="eve", email="e@x.org")

    assert [entry[3:] for entry in seen()] == [("add", "user", "eve")]
