"""Make codes in batches, and redeem them."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.credits import ledger
from accounts.enums import BookingKind
from accounts.exceptions import AccountsError
from accounts.models import RedeemBatch, RedeemCode
from accounts.people.keys import digest
from mjproxy.lib.audit.records import audited
from mjproxy.lib.db.deadlocks import again_after_deadlock

# Without letters that look like digits.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT: Final = str.maketrans("OIL", "011", "- \t\r\n")
LENGTH: Final = 16  # 80 bits
LONGEST: Final = 100  # characters that a person may enter


class CodeRefused(AccountsError):
    """The code gives no credits (any more)."""


@audited
@transaction.atomic
def make_batch(batch: RedeemBatch, *, by: str) -> list[str]:
    """Save a new batch with its codes; return them, because only hashes are stored."""
    batch.made_by = by
    batch.save()
    codes = [_random() for _ in range(batch.size)]
    rows = [RedeemCode(batch=batch, digest=_digest(code)) for code in codes]
    RedeemCode.objects.bulk_create(rows, batch_size=500)
    return codes


@audited
def save_batch(batch: RedeemBatch) -> None:
    """Save a batch that an operator has edited."""
    batch.save()


def as_csv(batch: RedeemBatch, codes: Iterable[str]) -> str:
    """Return the codes as a table, one in each line."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["code", "credits", "expires"])
    end = batch.expires_at.isoformat() if batch.expires_at else ""
    lines.writerows([code, batch.credits, end] for code in codes)
    return text.getvalue()


@again_after_deadlock
@transaction.atomic
def redeem(user_id: int, code: str) -> int:
    """Give a user the credits of a code; return them. Raises CodeRefused.

    Of several requests with one code only one finds it unused.
    """
    now = timezone.now()
    rows = RedeemCode.objects.select_related("batch")
    found = rows.filter(digest=_digest(code[:LONGEST])).first()
    if found is None:
        raise CodeRefused("兑换码无效", "There is no such code")
    batch = found.batch
    if not batch.is_on or (batch.expires_at and batch.expires_at <= now):
        raise CodeRefused("兑换码已过期", "This code has expired")
    unused = RedeemCode.objects.filter(pk=found.pk, used_at=None)
    if not unused.update(used_by=user_id, used_at=now):
        raise CodeRefused("兑换码已被使用", "This code was used already")
    note = f"code {found.pk} of batch {batch.pk}"
    ledger.book(user_id, batch.credits, BookingKind.CODE, note=note)
    return batch.credits


def _random() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(LENGTH)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, LENGTH, 4))


def _digest(code: str) -> str:
    return digest(code.upper().translate(_MEANT))
