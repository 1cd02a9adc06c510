"""Hand verifications to the operator's own server and take its reports.

The contract is `POST {server}/cf/verify` and its callback (docs/api.md).
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from typing import Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import Verification, VerificationSettings
from accounts.state import changes
from accounts.verification import lock
from accounts.verification.lock import BY_HAND
from mjproxy.lib.db.encrypted_field import readable
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 4
# Seconds from one try to the next, including the call.
PAUSES: Final = (15, 20, 40, 60)
ANSWER_LIFE: Final = timedelta(minutes=10)  # a later success is refused

SERVER: Final = "verification server"  # `by` of an account that the server unlocked
EXPIRED: Final = "CF 验证过期，超过 10 分钟 / it came more than 10 minutes later"
NOT_TAKEN: Final = "验证服务器未接受 / your verification server did not accept it"
SILENT: Final = "验证服务器未回复 / your verification server did not answer in time"


# --- handing over ---------------------------------------------------------------------


@dataclass(frozen=True)
class ClaimedCall:
    """One attempt to hand a verification to the server."""

    account_id: int
    tries: int
    url: str
    body: Mapping[str, object]


def claim(account_id: int) -> ClaimedCall | None:
    """Claim the next attempt to call the server; None if no attempt is due.

    The claim sets the time of the next attempt. If this process dies, that attempt
    follows.
    """
    now = timezone.now()
    rows = lock.current().filter(account=account_id, hand_at__lte=now)
    row = rows.select_related("account").first()
    if row is None:
        return None
    server = lock.server_settings()
    ack_url = readable(row, "ack_url")
    if not (server and ack_url) or row.accepted_at or row.tries >= MOST_TRIES:
        fall_back(row, SILENT if row.accepted_at else row.error or NOT_TAKEN)
        return None
    booked = rows.filter(hand_at=row.hand_at).update(
        hand_at=now + backoff.about(PAUSES[row.tries]),
        tries=F("tries") + 1,
        handed_at=row.handed_at or now,
    )
    if not booked:
        return None
    base = (server.notify_base or settings.PUBLIC_URL).rstrip("/")
    body = {
        "url": ack_url,
        "state": row.account.channel_id,
        "notifyHook": base,
        "secret": server.secret,
        "success": False,
        "message": "",
    }
    url = f"{server.server_url.rstrip('/')}/cf/verify"
    return ClaimedCall(account_id, row.tries + 1, url, body)


def note_answer(handing: ClaimedCall, error: str = "") -> None:
    """Store whether the server accepted; after the last failure call a person."""
    now = timezone.now()
    rows = Verification.objects.filter(account=handing.account_id, tries=handing.tries)
    rows = rows.filter(hand_at__isnull=False)
    if not error:
        rows.update(accepted_at=now, hand_at=now + ANSWER_LIFE, error="")
        return
    said = f"{NOT_TAKEN}: {error}"[:400]
    rows.update(error=said)
    logger.warning("account %s: %s", handing.account_id, said)
    if handing.tries >= MOST_TRIES and (row := rows.first()):
        fall_back(row, said)


def fall_back(row: Verification, reason: str) -> None:
    """Mail the operator that a person must act, because the server did not help."""
    now = timezone.now()
    rows = Verification.objects.filter(account=row.account_id, asked_at=row.asked_at)
    first = rows.filter(failed_at=None).update(failed_at=now, hand_at=None)
    rows.update(error=reason[:400])
    if not first:
        return
    said = f"{BY_HAND}: {reason}"
    changes.update_reason(row.account_id, AccountState.VERIFICATION, said, mail=True)
    logger.error("account %s, a person must act: %s", row.account_id, said)
    lock.want_page(row.account_id)


# --- reports of the server ------------------------------------------------------------


def is_secret(said: str) -> bool:
    """Tell whether the caller sent the secret. False while no secret is set."""
    secret = readable(VerificationSettings.get_solo(), "secret")
    same = compare_digest(secret.encode(), said.encode())
    return bool(secret) and same


def apply_report(*, url: str, state: str, success: bool, message: str) -> bool:
    """Apply a report of the server, whose secret was checked; tell whether it counts.

    `state` is a channel id. Reports are ignored for accounts that are not locked, for
    verifications that were never handed over, and for another challenge.
    """
    if not (state.isascii() and state.isdigit() and len(state) <= 20):
        return False
    rows = lock.current().filter(account__channel_id=state)
    row = rows.exclude(handed_at=None).first()
    asked = readable(row, "ack_url") if row else ""
    if row is None or not asked or not compare_digest(asked.encode(), url.encode()):
        return False
    if success and timezone.now() - row.asked_at <= ANSWER_LIFE:
        return lock.passed(row.account_id, by=SERVER, asked_at=row.asked_at)
    fall_back(row, EXPIRED if success else _plain(message) or "failed")
    return True


def _plain(message: str) -> str:
    """Return the first 200 characters in one line, without control characters."""
    kept = (c if unicodedata.category(c)[0] != "C" else " " for c in message[:1000])
    return " ".join("".join(kept).split())[:200]
