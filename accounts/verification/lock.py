"""Lock an account that needs a human verification; unlock it when a person has passed.

This app never passes a verification. The gateway makes the page from the challenge; a
person or the operator's own server opens it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypedDict

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification, VerificationSettings
from accounts.selectors import ids_of_user
from accounts.signals import verification_due
from accounts.state import changes, mails
from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.db import claim
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.encrypted_field import readable

logger = logging.getLogger(__name__)

LINK_LIFE: Final = timedelta(minutes=30)  # how long a page of Midjourney is valid
CLAIM: Final = timedelta(seconds=40)  # longer than making a page can take

BY_HAND: Final = "CF 人工验证... / a person must pass Midjourney's verification"
BY_SERVER: Final = "CF 自动验证中... / your verification server was asked"

_NO_CHALLENGE: Final[dict[str, object]] = {
    "token": "",
    "ack_url": "",
    "error": "",
    "page_url": "",
    "page_at": None,
    "wanted_at": None,
    "claimed_until": None,
    "handed_at": None,
    "accepted_at": None,
    "failed_at": None,
    "hand_at": None,
    "tries": 0,
}


# --- locked and unlocked --------------------------------------------------------------


@again_after_deadlock
@transaction.atomic
def ask(
    account_id: int,
    *,
    token: str = "",
    ack_url: str = "",
    reason: str = BY_HAND,
    asked_at: datetime | None = None,
) -> bool:
    """Lock an account for a verification; tell whether it was not locked before.

    The first challenge stays while its page can still be opened, because a person may
    be using it. `asked_at` is the time of the request that met the challenge; if a
    person has passed a verification since, the challenge is ignored.
    """
    now = timezone.now()
    by_server = bool(ack_url and server_settings())
    said = BY_SERVER if by_server else reason
    state = AccountState.VERIFICATION
    locked = changes.trouble(account_id, state, said, asked_at=asked_at)
    if not locked and not _may_be_replaced(account_id, token, now):
        return False
    before = Verification.objects.filter(account=account_id).first()
    if locked and before and now - before.asked_at < mails.ONCE:
        # A mail within the last hour suppresses this one, but that verification was
        # passed.
        changes.update_reason(account_id, AccountState.VERIFICATION, said, mail=True)
    since = DiscordAccount.objects.values_list("state_since", flat=True)
    begun = since.get(pk=account_id) if locked else now
    facts = _NO_CHALLENGE | {"token": token, "ack_url": ack_url, "asked_at": begun}
    facts["hand_at" if by_server else "wanted_at"] = now if ack_url else None
    Verification.objects.update_or_create(account_id=account_id, defaults=facts)
    if ack_url:
        _tell(account_id)
    return locked


def _may_be_replaced(account_id: int, token: str, now: datetime) -> bool:
    """Tell whether a new challenge may replace that of a locked account."""
    if not is_locked(account_id) or not token:
        return False
    row = of_user(account_id).first()
    return row is None or not readable(row, "token") or now - row.asked_at > LINK_LIFE


def of_user(account_id: int) -> QuerySet[Verification]:
    """Return the pending verifications of an account's Discord user, newest first.

    The challenge belongs to one row of the user, but all rows are locked for it.
    """
    rows = current().filter(account__in=ids_of_user(account_id))
    return rows.order_by("-asked_at")


def current() -> QuerySet[Verification]:
    """Return the verifications that accounts are locked for now.

    An account may have been enabled since, or be locked for another reason. There is no
    join, so an UPDATE of these rows is one statement that checks again.
    """
    locked = DiscordAccount.objects.filter(
        pk=OuterRef("account_id"),
        state=AccountState.VERIFICATION,
        state_since__lte=OuterRef("asked_at"),
    )
    return Verification.objects.filter(Exists(locked))


def is_locked(account_id: int) -> bool:
    rows = DiscordAccount.objects.filter(pk=account_id)
    return rows.filter(state=AccountState.VERIFICATION).exists()


@again_after_deadlock
@in_record
@transaction.atomic
def passed(account_id: int, *, by: str, asked_at: datetime | None = None) -> bool:
    """Unlock an account whose verification was passed; tell whether it was locked.

    `by` is the person or server that says so. With `asked_at`, a newer verification
    stays. If Midjourney does not agree, the next interaction locks the account again.
    """
    rows = Verification.objects.filter(account__in=ids_of_user(account_id))
    if asked_at:
        rows = rows.filter(account=account_id, asked_at=asked_at)
    facts = _NO_CHALLENGE | {"passed_at": timezone.now()}
    if not rows.update(**facts) and asked_at:
        return False
    unlocked = changes.release(account_id, AccountState.VERIFICATION, by=by)
    if unlocked:
        note("verification passed", (DiscordAccount, account_id))
        logger.info("account %s: its verification is passed, says %s", account_id, by)
    return unlocked


# --- the page for a person ------------------------------------------------------------


def want_page(account_id: int) -> bool:
    """Request a new link; False if there is no challenge to make it from."""
    row = of_user(account_id).exclude(ack_url="").first()
    if row is None:
        return False
    rows = current().filter(pk=row.pk, wanted_at=None)
    if rows.update(wanted_at=timezone.now()):
        note("ask for a verification link", (DiscordAccount, row.account_id))
        _tell(row.account_id)
    return True


def claim_page(account_id: int) -> Verification | None:
    """Claim the page of an account for this process; None if there is none to make."""
    rows = current().filter(account=account_id, wanted_at__isnull=False)
    claimed = claim.claim(rows, "claimed_until", CLAIM)
    return Verification.objects.filter(account=account_id).first() if claimed else None


def note_page(claimed: Verification, *, url: str = "", error: str = "") -> None:
    """Store the new page, or the error. After an error the older page stays."""
    facts: dict[str, object] = {
        "wanted_at": None,
        "claimed_until": None,
        "error": error,
    }
    if url:
        facts |= {"page_url": url, "page_at": timezone.now()}
    else:
        logger.warning("account %s: no page: %s", claimed.account_id, error)
    rows = Verification.objects.filter(account=claimed.account_id)
    rows.filter(asked_at=claimed.asked_at).update(**facts)


def break_off(account_id: int, reason: str) -> None:
    """Stop the open work for a verification; a person can still pass it."""
    now = timezone.now()
    rows = current().filter(account=account_id)
    rows.filter(hand_at__isnull=False).update(failed_at=now)
    rows.update(wanted_at=None, claimed_until=None, hand_at=None, error=reason[:400])
    changes.update_reason(account_id, AccountState.VERIFICATION, f"{BY_HAND}: {reason}")


def due() -> list[int]:
    """Return up to 200 ids of accounts with a page to make or a server to call."""
    now = timezone.now()
    free = claim.due("claimed_until", now)
    rows = current().filter(Q(free, wanted_at__isnull=False) | Q(hand_at__lte=now))
    return list(rows.values_list("account_id", flat=True)[:200])


def _tell(account_id: int) -> None:
    send: Any = partial(
        verification_due.send_robust, sender=Verification, account_id=account_id
    )
    transaction.on_commit(send)


# --- in JSON --------------------------------------------------------------------------

# Prefetches the verifications of locked accounts for a list.
ALONG: Final = Prefetch(
    "verification",
    current(),
)


class Members(TypedDict):
    """The verification of an account in JSON; empty if there is no challenge."""

    lock: bool
    cfHashUrl: str
    cfHashCreated: str | None
    cfUrl: str


def members(account: DiscordAccount) -> Members:
    """Return the verification of an account for operators, by JSON name.

    Runs no query for an account that is not locked. Lists prefetch `ALONG`.
    """
    shown: Members = {
        "lock": account.state == AccountState.VERIFICATION,
        "cfHashUrl": "",
        "cfHashCreated": None,
        "cfUrl": "",
    }
    row = row_of(account)
    if row and (ack_url := readable(row, "ack_url")):
        shown["cfHashUrl"] = ack_url
        shown["cfHashCreated"] = row.asked_at.isoformat()
        shown["cfUrl"] = readable(row, "page_url")
    return shown


def row_of(account: DiscordAccount) -> Verification | None:
    """Return the verification that an account is locked for now, or None."""
    if account.state != AccountState.VERIFICATION:
        return None
    try:
        row = account.verification
    except Verification.DoesNotExist:
        row = None
    if row and row.asked_at >= account.state_since:
        return row
    return of_user(account.pk).first() if account.discord_user else None


def server_settings() -> VerificationSettings | None:
    """Return the settings of the operator's server, or None if it is not set up."""
    row = VerificationSettings.get_solo()
    base = row.notify_base or settings.PUBLIC_URL
    return row if row.server_url and readable(row, "secret") and base else None
