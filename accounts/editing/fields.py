"""Write the sent values of an account: fields, subjects, further channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.editing import sub_channels
from accounts.editing.save import save_account
from accounts.models import DiscordAccount, DomainTag
from mjproxy.lib.audit.records import audited

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Related:
    """The values of an account in other tables; None: unchanged.

    `fields` are the columns that were set.
    """

    domains: list[DomainTag] | None = None
    channels: sub_channels.Lines | None = None
    fields: frozenset[str] = frozenset()


def fill(account: DiscordAccount, changes: Changes) -> Related:
    """Set `changes`, by field, on an account; return the values of other tables.

    `vertical_domains` are row ids of subjects, `sub_channels` lines with links.
    `queue_size` sets `max_queue_size`, unless that one is changed as well. Raises
    ValidationError, by field. Nothing is saved.
    """
    plain = dict(changes)
    domains = channels = None
    if "vertical_domains" in plain:
        domains = domains_of(plain.pop("vertical_domains"))
    if "sub_channels" in plain:
        channels = _lines(plain.pop("sub_channels"))
    _choose_queue_size(account, plain)
    for field, value in plain.items():
        setattr(account, field, value)
    return Related(domains, channels, frozenset(plain))


@audited
@transaction.atomic
def save_filled(
    account: DiscordAccount, related: Related, *, by: str
) -> DiscordAccount:
    """Save a filled account. Raises ValidationError, by field.

    `by` names the person in the account's history.
    """
    further, fields = related.channels, related.fields
    save_account(account, further=further, fields=fields, by=by)
    if related.domains is not None:
        account.vertical_domains.set(related.domains)
    return account


def domains_of(ids: Iterable[str]) -> list[DomainTag]:
    """Return the subjects with these row ids, or raise ValidationError."""
    wanted = list(dict.fromkeys(ids))
    numbers = [int(i) for i in wanted if i.isascii() and i.isdigit() and len(i) < 16]
    found = DomainTag.objects.in_bulk(numbers)
    unknown = [i for i in wanted if i not in {str(pk) for pk in found}]
    if unknown:
        text = f"No subject has the id “{unknown[0][:40]}”."
        raise ValidationError({"vertical_domains": text})
    return list(found.values())


def _lines(lines: Iterable[str]) -> sub_channels.Lines:
    read: sub_channels.Lines = _by_field("sub_channels", sub_channels.parse, lines)
    return read


def _by_field(field: str, check: Any, *args: Any) -> Any:
    try:
        return check(*args)
    except ValidationError as exc:
        raise ValidationError({field: exc.messages}) from exc


def _choose_queue_size(
    account: DiscordAccount, changes: MutableMapping[str, object]
) -> None:
    # Pages send one of the two names, or send both and change one of them.
    other = changes.pop("queue_size", None)
    if other is None:
        return
    own = changes.get("max_queue_size", account.max_queue_size)
    if own == account.max_queue_size and (
        "max_queue_size" not in changes or not account._state.adding
    ):
        changes["max_queue_size"] = other
