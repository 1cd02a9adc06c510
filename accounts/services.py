"""The only place that writes accounts and users."""

from __future__ import annotations

import base64
import logging
import secrets
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.enums import NEEDS_A_PERSON, AccountState, SpeedMode
from accounts.exceptions import InvalidField
from accounts.keys import ADMIN_NAME, GUEST_NAME, create_key
from accounts.models import DiscordAccount, User
from accounts.signals import account_changed

logger = logging.getLogger(__name__)


@transaction.atomic
def save_account(account: DiscordAccount) -> DiscordAccount:
    """Write a new or edited account; an open gateway notices within a second.

    Raises django's ValidationError, by field.
    """
    account.full_clean()
    account.revision += 1
    if account.enabled and account.state in {*NEEDS_A_PERSON, AccountState.DISABLED}:
        account.state, account.state_reason = AccountState.CONNECTING, ""
        account.state_since = timezone.now()
    elif not account.enabled:
        account.state = AccountState.DISABLED
        account.state_since = timezone.now()
    account.resume_at = None
    account.save()
    _tell(account.pk)
    return account


def set_enabled(account: DiscordAccount, *, enabled: bool) -> None:
    account.enabled = enabled
    account.state_reason = ""
    save_account(account)


@transaction.atomic
def reconnect(account_id: int) -> None:
    """Close the account's session and open a new one."""
    DiscordAccount.objects.filter(pk=account_id).update(revision=F("revision") + 1)
    _tell(account_id)


@transaction.atomic
def delete_account(account: DiscordAccount) -> None:
    account_id = account.pk
    account.delete()
    _tell(account_id)


def set_state(account_id: int, state: AccountState, reason: str = "") -> bool:
    """Note where an account stands; return whether that is news.

    A state that waits for a person ends only by `save_account`, a pause with an end
    also by `resume`; a disabled account stays so.
    """
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    rows = rows.exclude(state=state, state_reason=reason[:400])
    changed = rows.exclude(state__in=NEEDS_A_PERSON).update(
        state=state, state_reason=reason[:400], state_since=timezone.now()
    )
    if changed:
        logger.info("account %s: %s %s", account_id, state, reason)
        _tell(account_id)
    return bool(changed)


def pause(account_id: int, reason: str, until: datetime | None = None) -> bool:
    """Take no new work until a moment; without one, until a person has acted.

    Returns whether that is news: of two pauses the longer one holds.
    """
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    rows = rows.exclude(state=AccountState.INVALID_TOKEN)
    shorter = ~Q(state=AccountState.PAUSED)
    if until is None:
        shorter |= Q(resume_at__isnull=False)
    else:
        shorter |= Q(resume_at__lt=until)
    paused = rows.filter(shorter).update(
        state=AccountState.PAUSED,
        state_reason=reason[:400],
        state_since=timezone.now(),
        resume_at=until,
    )
    if paused:
        if until is None:
            logger.error("account %s paused, a person must act: %s", account_id, reason)
        else:
            logger.warning("account %s rests until %s: %s", account_id, until, reason)
        _tell(account_id)
    return bool(paused)


@transaction.atomic
def lock(account_id: int, reason: str) -> bool:
    """Take no new work until a person has passed a verification; whether it is news."""
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    rows = rows.exclude(
        state__in=[AccountState.VERIFICATION, AccountState.INVALID_TOKEN]
    )
    locked = rows.update(
        state=AccountState.VERIFICATION,
        state_reason=reason[:400],
        state_since=timezone.now(),
        resume_at=None,
    )
    if locked:
        logger.error("account %s locked, a person must act: %s", account_id, reason)
        _tell(account_id)
    return bool(locked)


def say(account_id: int, reason: str) -> None:
    """Note something new about an account that is locked."""
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    if rows.filter(state=AccountState.VERIFICATION).update(state_reason=reason[:400]):
        logger.error("account %s, a person must act: %s", account_id, reason)


@transaction.atomic
def unlock(account_id: int) -> bool:
    """Let a locked account connect and draw again; whether it was locked."""
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    unlocked = rows.filter(state=AccountState.VERIFICATION).update(
        state=AccountState.CONNECTING,
        state_reason="",
        state_since=timezone.now(),
        revision=F("revision") + 1,
    )
    if unlocked:
        _tell(account_id)
    return bool(unlocked)


@transaction.atomic
def resume(account_id: int) -> bool:
    """Let an account connect and draw again once the end of its pause is over."""
    resumed = DiscordAccount.objects.filter(
        pk=account_id,
        enabled=True,
        state=AccountState.PAUSED,
        resume_at__lte=timezone.now(),
    ).update(
        state=AccountState.CONNECTING,
        state_reason="",
        state_since=timezone.now(),
        resume_at=None,
        revision=F("revision") + 1,
    )
    if resumed:
        logger.info("account %s: its pause is over", account_id)
        _tell(account_id)
    return bool(resumed)


@transaction.atomic
def mark_fast_exhausted(account_id: int, reason: str) -> bool:
    """Note that the account's fast time is used up; return whether that is news."""
    rows = DiscordAccount.objects.filter(pk=account_id, fast_exhausted=False)
    changed = rows.update(fast_exhausted=True)
    if changed:
        _allow(account_id, [SpeedMode.RELAX])
        logger.error("account %s, a person must act: %s", account_id, reason)
        _tell(account_id)
    return bool(changed)


@transaction.atomic
def clear_fast_exhausted(account_id: int) -> bool:
    """Note that the account has fast time again; return whether that is news."""
    rows = DiscordAccount.objects.filter(pk=account_id, fast_exhausted=True)
    changed = rows.update(fast_exhausted=False)
    if changed:
        _allow(account_id, [])
        logger.info("account %s has fast time again", account_id)
        _tell(account_id)
    return bool(changed)


def _allow(account_id: int, modes: list[SpeedMode]) -> None:
    """Allow only these speeds, or all, where the operator leaves that to us."""
    rows = DiscordAccount.objects.filter(pk=account_id, enable_auto_set_relax=True)
    rows.update(allow_modes=modes)


def note_notice(account_id: int, message_id: str) -> bool:
    """Tell whether a notice is newer than all that the account has obeyed, and note it.

    Ids of messages only grow.
    """
    number = int(message_id) if message_id.isdecimal() else 0
    if not 0 < number < 2**63:
        return False
    rows = DiscordAccount.objects.filter(pk=account_id, notice_id__lt=number)
    return bool(rows.update(notice_id=number))


def note_remix(account_id: int, *, niji: bool, on: bool) -> None:
    """Remember whether remix mode is on at a bot, as Midjourney has just shown."""
    name = "niji_remix_on" if niji else "mj_remix_on"
    rows = DiscordAccount.objects.filter(pk=account_id).exclude(**{name: on})
    if rows.update(**{name: on}):
        logger.info("account %s: %s is %s", account_id, name, on)


@transaction.atomic
def disable_for(account_id: int, state: AccountState, reason: str) -> bool:
    """Switch an account off for a reason that a person must look at."""
    changed = DiscordAccount.objects.filter(pk=account_id, enabled=True).update(
        enabled=False,
        state=state,
        state_reason=reason[:400],
        state_since=timezone.now(),
        resume_at=None,
        revision=F("revision") + 1,
    )
    if changed:
        logger.error("account %s disabled: %s (%s)", account_id, state, reason)
        _tell(account_id)
    return bool(changed)


@transaction.atomic
def create_user(
    *, name: str, token: str = "", operator: bool = False, active: bool = True
) -> tuple[User, str]:
    """Make a user and return it with its key, which is shown only now.

    Raises InvalidField where the name or the token cannot be used.
    """
    if not name.strip():
        raise InvalidField("用户名不能为空", "A user needs a name")
    user = User(username=name.strip(), is_staff=operator, is_active=active)
    user.is_superuser = operator
    user.webhook_secret = new_webhook_secret()
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as exc:
        text = "; ".join(exc.messages)
        raise InvalidField("用户名不可用", text) from exc
    user.save()
    return user, create_key(user, name="first key", key=token)


def new_webhook_secret() -> str:
    """Return a signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def ensure_webhook_secret(user: User) -> str:
    """Return the secret that signs the user's webhooks, made where missing."""
    if not user.webhook_secret:
        # Of two that make one at the same time, the first is kept.
        User.objects.filter(pk=user.pk, webhook_secret="").update(
            webhook_secret=new_webhook_secret()
        )
        user.refresh_from_db(fields=["webhook_secret"])
    return str(user.webhook_secret)


@transaction.atomic
def ensure_operator() -> str:
    """Make the first operator and the guest user; return a password only when new."""
    User.objects.get_or_create(
        username=GUEST_NAME, defaults={"webhook_secret": new_webhook_secret()}
    )
    operator, created = User.objects.get_or_create(
        username=ADMIN_NAME,
        defaults={
            "is_staff": True,
            "is_superuser": True,
            "webhook_secret": new_webhook_secret(),
        },
    )
    return reset_password(operator) if created else ""


def reset_password(user: User) -> str:
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password


def _tell(account_id: int) -> None:
    send: Any = partial(
        account_changed.send_robust, sender=DiscordAccount, account_id=account_id
    )
    transaction.on_commit(send)
