"""Edit many accounts at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.choice.pool_settings import pool
from accounts.editing.fields import Changes, domains_of
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.selectors import lock_users
from accounts.state.changes import follow_person
from accounts.state.moves import send_account_changed
from accounts.state.same_user import share
from mjproxy.lib.audit.records import in_record, watch
from mjproxy.lib.db.deadlocks import again_after_deadlock


class NotForAll(Exception):
    """Some accounts cannot be changed this way; none was changed."""

    def __init__(self, errors: dict[int, ValidationError]) -> None:
        super().__init__(f"{len(errors)} account(s) cannot be changed so")
        self.errors = errors  # by row id


@in_record
@transaction.atomic
def edit_many(accounts: Iterable[DiscordAccount], changes: Changes, *, by: str) -> int:
    """Write the same changes, by field, to many accounts; return their number.

    Sessions stay open: none of these fields concerns the connection. `by` names the
    person in the history. Raises ValidationError for unknown subjects, and NotForAll.
    """
    plain = dict(changes)
    domains = None
    if "vertical_domains" in plain:
        domains = domains_of(plain.pop("vertical_domains"))
    enabled = plain.pop("enabled", None)
    rows = list(accounts)
    ids = [account.pk for account in rows]
    _check(rows, plain)
    lock_users(ids)
    found = DiscordAccount.objects.filter(pk__in=ids)
    watch(found)
    if plain:
        found.update(**plain)
        for pk in ids:
            share(pk, plain)
    if "work_time" in plain:
        resting = found.filter(state=AccountState.RESTING)
        for pk in list(resting.values_list("pk", flat=True)):
            follow_person(pk, by=by)
    if domains is not None:
        _set_domains(ids, [tag.pk for tag in domains])
    if enabled is not None:
        enable_many(ids, enabled=enabled, by=by)
    pool.drop()
    for pk in ids:
        send_account_changed(pk)
    return len(rows)


@again_after_deadlock
@in_record
@transaction.atomic
def enable_many(account_ids: Iterable[int], *, enabled: bool, by: str) -> int:
    """Enable or disable accounts; return their number.

    Enabling also ends an account's trouble, so it connects anew.
    """
    ids = list(account_ids)
    lock_users(ids)
    found = DiscordAccount.objects.filter(pk__in=ids)
    watch(found)
    found.update(enabled=enabled)
    for pk in ids:
        follow_person(pk, by=by)
        send_account_changed(pk)
    return len(ids)


def _check(accounts: Iterable[DiscordAccount], plain: Changes) -> None:
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


def _check_one(account: DiscordAccount, plain: Changes) -> None:
    # Unchanged fields are not validated: reading a secret costs a decryption.
    others = {field.name for field in account._meta.fields} - set(plain)
    errors: dict[str, list[ValidationError]] = {}
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
