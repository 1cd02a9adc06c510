from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.utils import timezone
from solo.models import SingletonModel

from accounts.models import DiscordAccount, PersonMail, User, Verification
from gateway.models import GatewaySettings
from mjproxy.lib.db.encrypted_field import encrypted_fields
from mjproxy.lib.db.key_rotation import Report, rotate, stored, unreadable
from tasks.models import MoveIn
from tests.factories import make_account, make_user


def new_key() -> str:
    return Fernet.generate_key().decode()


SETTINGS: Any = [
    model
    for model in apps.get_models()
    if issubclass(model, SingletonModel) and encrypted_fields(model)
]


@pytest.fixture
def secrets_of_all_kinds(db: None) -> int:
    """Store one secret of every kind; return how many there are."""
    account = make_account(bot_token="bot", proxy_url="http://u:p@proxy.example:1")
    hooked, now = make_user("hooked", webhook_secret="whsec_x"), timezone.now()
    PersonMail.objects.create(user=hooked, body="b", at=now, next_attempt_at=now)
    Verification.objects.create(
        account=account, token="t", ack_url="https://a.example", page_url="https://b"
    )
    MoveIn.objects.create(owner_id=hooked.pk, source="plus", api_key="k", given="[]")
    for model in SETTINGS:
        row = model.get_solo()
        for each in encrypted_fields(model):
            setattr(row, each.name, f"of {each.name}")
        row.save()
    return len(list(stored()))


def test_every_kind_of_secret_can_be_read_without_the_old_key(
    secrets_of_all_kinds: int, settings: Any
) -> None:
    kinds = {(each.model, each.field) for each in stored()}
    every = {(m, field) for m in apps.get_models() for field in encrypted_fields(m)}
    assert kinds == every
    new = new_key()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

    report = rotate()

    assert report == Report(rotated=secrets_of_all_kinds)
    settings.ENCRYPTION_KEYS = [new]
    assert unreadable() == []
    assert User.objects.get(username="hooked").webhook_secret == "whsec_x"
    assert GatewaySettings.get_solo().proxy_url == "of proxy_url"


def test_a_second_run_changes_nothing(secrets_of_all_kinds: int, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    rotate()
    before = [each.value for each in stored()]

    assert rotate() == Report(current=secrets_of_all_kinds)
    assert [each.value for each in stored()] == before


def test_what_is_edited_meanwhile_stays(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account(user_token="old")
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    update = QuerySet.update

    def after_an_edit(rows: Any, **values: Any) -> int:
        monkeypatch.setattr(QuerySet, "update", update)
        DiscordAccount.objects.filter(pk=account.pk).update(user_token="edited")
        return update(rows, **values)

    monkeypatch.setattr(QuerySet, "update", after_an_edit)
    report = rotate()

    assert report == Report(edited=1)
    assert DiscordAccount.objects.get(pk=account.pk).user_token == "edited"


def test_what_cannot_be_read_is_named_and_stays(db: None, settings: Any) -> None:
    lost = make_account()
    make_account(bot_token="b")
    before = {
        each.pk: each.value for each in stored() if each.field.name == "user_token"
    }
    settings.ENCRYPTION_KEYS = [new_key()]
    make_account()
    said, wrong = io.StringIO(), io.StringIO()

    with pytest.raises(CommandError, match=r"3 secret\(s\) fit no key"):
        call_command("rotate_keys", stdout=said, stderr=wrong)

    assert f"accounts.DiscordAccount {lost.pk}: user_token" in wrong.getvalue()
    assert "Under the first key already: 1" in said.getvalue()
    after = {
        each.pk: each.value for each in stored() if each.field.name == "user_token"
    }
    assert after[lost.pk] == before[lost.pk]
