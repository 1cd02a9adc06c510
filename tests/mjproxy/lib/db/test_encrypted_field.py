from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from accounts.models import DiscordAccount
from mjproxy.lib.db.encrypted_field import UndecryptableSecret, readable, unreadable
from tests.factories import make_account


def column(account: DiscordAccount, name: str = "user_token") -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {name} FROM accounts_discordaccount WHERE id = %s",  # noqa: S608
            [account.pk],
        )
        return str(cursor.fetchone()[0])


def lose_key(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


def test_a_token_is_not_readable_in_its_column(db: None) -> None:
    account = make_account(user_token="very-secret")

    assert "very-secret" not in column(account)
    assert DiscordAccount.objects.get(pk=account.pk).user_token == "very-secret"


def test_a_new_first_key_still_reads_what_the_old_one_wrote(
    db: None, settings: Any
) -> None:
    account = make_account(user_token="very-secret")

    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

    assert DiscordAccount.objects.get(pk=account.pk).user_token == "very-secret"


def test_a_lost_key_is_said_by_name(db: None, settings: Any) -> None:
    account = make_account()
    lose_key(settings)

    row = DiscordAccount.objects.get(pk=account.pk)

    with pytest.raises(UndecryptableSecret, match="user_token"):
        _ = row.user_token
    assert unreadable(row) == {"user_token"}
    assert readable(row, "user_token") == ""


def test_one_row_that_cannot_be_read_holds_up_no_other(db: None, settings: Any) -> None:
    old = make_account()
    lose_key(settings)
    new = make_account(user_token="new")

    rows = {row.pk: row for row in DiscordAccount.objects.all()}

    assert rows.keys() == {old.pk, new.pk}
    assert rows[new.pk].user_token == "new"


def test_saving_a_row_keeps_what_cannot_be_read(db: None, settings: Any) -> None:
    account = make_account(proxy_url="http://proxy.example:1")
    before = column(account), column(account, "proxy_url")
    lose_key(settings)
    row = DiscordAccount.objects.get(pk=account.pk)

    row.remark = "other"
    row.save()

    assert (column(account), column(account, "proxy_url")) == before


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_a_dump_of_rows_holds_no_secret_in_clear_and_can_be_loaded(
    db: None, tmp_path: Path, form: str
) -> None:
    account = make_account(user_token="very-secret", proxy_url="http://u:hush@p:1")
    file = tmp_path / f"rows.{form}"

    call_command("dumpdata", "accounts", format=form, output=str(file))
    text = file.read_text()
    DiscordAccount.objects.all().delete()
    call_command("loaddata", str(file), verbosity=0)

    assert "very-secret" not in text
    assert "hush" not in text
    row = DiscordAccount.objects.get(pk=account.pk)
    assert (row.user_token, row.proxy_url) == ("very-secret", "http://u:hush@p:1")
    assert row.bot_token == ""


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_what_cannot_be_read_is_dumped_and_loaded_as_it_is(
    db: None, settings: Any, tmp_path: Path, form: str
) -> None:
    account = make_account()
    before = column(account)
    lose_key(settings)
    file = tmp_path / f"rows.{form}"

    call_command("dumpdata", "accounts", format=form, output=str(file))
    DiscordAccount.objects.all().delete()
    call_command("loaddata", str(file), verbosity=0)

    assert column(account) == before


def test_text_that_only_looks_like_a_dumped_secret_is_text(db: None) -> None:
    stored = column(make_account(user_token="very-secret"))
    account = make_account()

    account.user_token = f"fernet:{stored}"
    account.full_clean()
    account.save()

    row = DiscordAccount.objects.get(pk=account.pk)
    assert row.user_token == f"fernet:{stored}"


def test_a_dump_to_the_terminal_holds_no_secret(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    make_account(user_token="very-secret")

    call_command("dumpdata", "accounts.discordaccount")

    (row,) = json.loads(capsys.readouterr().out)
    assert row["fields"]["user_token"].startswith("fernet:")
