"""Many accounts at once: one change for all of them, or none for any."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.editing import Changes, domains_of
from accounts.models import DiscordAccount
from accounts.services import set_enabled
from accounts.signals import account_changed


class NotForAll(Exception):
    """Some of the accounts cannot be changed so; none was."""

    def __init__(self, errors: dict[int, ValidationError]) -> None:
        super().__init__(f"{len(errors)} account(s) cannot be changed so")
        self.errors = errors  # by row id


@transaction.atomic
def edit_many(accounts: Iterable[DiscordAccount], changes: Changes) -> int:
    """Write the same changes, by field, to many accounts; return their number.

    Their sessions stay: nothing that may be written here concerns the connection.
    Raises ValidationError for subjects that do not exist, and NotForAll.
    """
    plain: dict[str, Any] = dict(changes)
    domains = None
    if "vertical_domains" in plain:
        domains = domains_of(plain.pop("vertical_domains"))
    enabled = plain.pop("enabled", None)
    rows = list(accounts)
    ids = [account.pk for account in rows]
    _check(rows, plain)
    if plain:
        DiscordAccount.objects.filter(pk__in=ids).update(**plain)
    if domains is not None:
        _set_domains(ids, [tag.pk for tag in domains])
    if enabled is not None:
        enable_many(ids, enabled=enabled)
    transaction.on_commit(partial(_tell, ids))
    return len(rows)


@transaction.atomic
def enable_many(account_ids: Iterable[int], *, enabled: bool) -> int:
    """Switch accounts on or off, and return their number.

    One that is switched on has been looked after by a person: it connects anew.
    """
    rows = list(DiscordAccount.objects.filter(pk__in=account_ids))
    for account in rows:
        set_enabled(account, enabled=enabled)
    return len(rows)


def _check(accounts: Iterable[DiscordAccount], plain: dict[str, Any]) -> None:
    errors = {}
    for account in accounts:
        for field, value in plain.items():
            setattr(account, field, value)
        try:
            _check_one(account, plain)
        except ValidationError as exc:
            errors[account.pk] = exc
    if errors:
        raise NotForAll(errors)


def _check_one(account: DiscordAccount, plain: dict[str, Any]) -> None:
    # What is not changed is not looked at: reading a secret costs a decryption.
    others = {field.name for field in account._meta.fields} - set(plain)
    errors: dict[str, Any] = {}
    for check in (partial(account.clean_fields, exclude=others), account.clean):
        try:
            check()
        except ValidationError as exc:
            exc.update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


def _set_domains(ids: list[int], domains: list[int]) -> None:
    through = DiscordAccount.vertical_domains.through
    through.objects.filter(discordaccount_id__in=ids).delete()
    through.objects.bulk_create(
        through(discordaccount_id=pk, domaintag_id=tag) for pk in ids for tag in domains
    )


def _tell(ids: list[int]) -> None:
    for pk in ids:
        account_changed.send_robust(sender=DiscordAccount, account_id=pk)
