"""Export accounts into a sealed file, and import them in another installation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError as FieldErrors
from django.db import transaction
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from accounts.editing.fields import Changes, fill, save_filled
from accounts.editing.save import OPERATOR
from accounts.models import DiscordAccount, DomainTag
from accounts.wire.account import WRITABLE
from accounts.wire.forms import AccountSerializer, said_by_member
from accounts.wire.member import Seen
from mjproxy.lib.audit.records import note, recorded
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.sealed_file import BadFile, Row, seal, unseal

logger = logging.getLogger(__name__)

MOST_ACCOUNTS: Final = 5000
# JSON name to field.
SECRETS: Final = {
    name: member.field
    for name, member in WRITABLE.items()
    if member.field in DiscordAccount.SECRETS
}
# Ids of subjects differ between installations, so the file holds names.
_DOMAIN_IDS, _DOMAIN_NAMES = "verticalDomainIds", "verticalDomains"
_PLAIN: Final = [
    member
    for name, member in WRITABLE.items()
    if name not in {*SECRETS, _DOMAIN_IDS, "queueSize"}
]


@dataclass
class Report:
    """The result for each account of a file.

    The lists hold channel ids; `errors` maps row numbers, counted from 1, to texts.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.errors:
            return f"{len(self.errors)} account(s) cannot be imported; none was."
        counts = len(self.added), len(self.updated), len(self.skipped)
        return "{} account(s) added, {} updated, {} skipped.".format(*counts)


class Refused(Exception):
    """Raised when rows of the file are invalid; nothing was written."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def export_file(
    accounts: QuerySet[DiscordAccount], passphrase: str, *, by: str = OPERATOR
) -> bytes:
    """Return a sealed file of these accounts with their secrets.

    Raises ValueError for a bad passphrase, BadFile for more than `MOST_ACCOUNTS`
    accounts or for a secret that cannot be decrypted.
    """
    related = accounts.prefetch_related("sub_channels", "vertical_domains")
    rows = list(related.defer(None)[: MOST_ACCOUNTS + 1])
    _check_number(rows)
    plain = [_plain(account) for account in rows]
    secrets = [_hidden(account) for account in rows]
    data = seal(plain, secrets, passphrase)
    logger.warning("%s account(s) with their tokens exported by %s", len(rows), by)
    channels = [account.channel_id for account in rows]
    note("export", "Discord accounts", accounts=len(rows), channels=channels)
    return data


def _hidden(account: DiscordAccount) -> Row:
    try:
        return {name: getattr(account, field) for name, field in SECRETS.items()}
    except UndecryptableSecret as exc:
        text = f"{account.channel_id}: its {exc} fits none of the encryption keys."
        raise BadFile(text) from exc


def _plain(account: DiscordAccount) -> Row:
    seen = Seen(account, running=0, queued=0)
    domains = [tag.name for tag in account.vertical_domains.all()]
    shown = {member.name: member.value(seen) for member in _PLAIN}
    return shown | {_DOMAIN_NAMES: domains}


def import_file(
    data: bytes, passphrase: str, *, update: bool = False, by: str = OPERATOR
) -> Report:
    """Add all accounts of a file, or none.

    An account whose channel exists is skipped, or overwritten with `update`. Raises
    BadFile, and Refused if a row is invalid.
    """
    rows, secrets = unseal(data, passphrase)
    _check_number(rows)
    reader = _Reader()
    pairs = zip(rows, secrets, strict=True)
    read = [reader.read(number, pair) for number, pair in enumerate(pairs, 1)]
    report = Report(errors=reader.errors)
    with recorded(), transaction.atomic():
        known = dict(DiscordAccount.objects.values_list("channel_id", "pk"))
        for number, changes in filter(None, read):
            try:
                _take(report, changes, known, update=update, by=by)
            except FieldErrors as exc:
                report.errors[number] = said_by_member(exc)
        if report.errors:
            raise Refused(report)
    logger.info("%s account(s) imported by %s", len(report.added), by)
    return report


def _take(
    report: Report,
    changes: Changes,
    known: Mapping[str, int],
    *,
    update: bool,
    by: str,
) -> None:
    """Write one account of a file. Raises FieldErrors."""
    channel = changes.get("channel_id", "")
    if channel in known and not update:
        report.skipped.append(channel)
        return
    account = DiscordAccount()
    if channel in known:
        account = DiscordAccount.objects.get(pk=known[channel])
    save_filled(account, fill(account, changes), by=by)
    (report.updated if channel in known else report.added).append(channel)


def _check_number(rows: list[Any]) -> None:
    if len(rows) > MOST_ACCOUNTS:
        raise BadFile(f"A file holds {MOST_ACCOUNTS} accounts at most.")


class _Reader:
    """Validates all rows of a file before the first one is written."""

    def __init__(self) -> None:
        self.errors: dict[int, str] = {}
        self._domains = {tag.name: str(tag.pk) for tag in DomainTag.objects.all()}
        self._channels: set[str] = set()

    def read(self, number: int, pair: tuple[Row, Row]) -> tuple[int, Changes] | None:
        """Return a row's number and changes by field, or None if it is invalid."""
        try:
            return number, self._changes(*pair)
        except ValidationError as exc:
            self.errors[number] = _first(exc.detail)
            return None

    def _changes(self, row: Row, hidden: Row) -> Changes:
        kept = {name: hidden[name] for name in SECRETS if name in hidden}
        form = AccountSerializer(data=row | kept | self._subjects(row))
        form.is_valid(raise_exception=True)
        changes = form.changes()
        channel = str(changes.get("channel_id", ""))
        if channel in self._channels:
            raise ValidationError({"channelId": "The same channel twice."})
        self._channels.add(channel)
        return changes

    def _subjects(self, row: Row) -> Row:
        names = row.get(_DOMAIN_NAMES, [])
        if not isinstance(names, list):
            raise ValidationError({_DOMAIN_NAMES: "A list of names."})
        found = [self._domains.get(str(name), "") for name in names]
        if "" in found:
            text = f"There is no subject “{str(names[found.index('')])[:40]}” here."
            raise ValidationError({_DOMAIN_NAMES: text})
        return {_DOMAIN_IDS: found}


def _first(detail: Any) -> str:
    if isinstance(detail, Mapping):
        return "; ".join(f"{name}: {_first(inner)}" for name, inner in detail.items())
    return _first(detail[0]) if isinstance(detail, list) else str(detail)
