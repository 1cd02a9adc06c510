from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from accounts.crypto import UndecryptableSecret
from accounts.models import DiscordAccount
from tests.factories import make_account


def column(account: DiscordAccount) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_token FROM accounts_discordaccount WHERE id = %s", [account.pk]
        )
        return str(cursor.fetchone()[0])


def test_a_token_is_not_readable_in_its_column(db: None) -> None:
    account = make_account(user_token="very-secret")

    assert "very-secret" not in column(account)
    assert DiscordAccount.objects.get(pk=account.pk).user_token == "very-secret"


def test_a_new_first_key_still_reads_what_the_old_one_wrote(
    db: None, settings: object
) -> None:
    account = make_account(user_token="very-secret")

    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]  # type: ignore[attr-defined]

    assert DiscordAccount.objects.get(pk=account.pk).user_token == "very-secret"


def test_a_lost_key_is_said_by_name(db: None, settings: object) -> None:
    account = make_account()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]  # type: ignore[attr-defined]

    with pytest.raises(UndecryptableSecret, match="user_token"):
        DiscordAccount.objects.get(pk=account.pk)
