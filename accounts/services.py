"""The only place that writes accounts and users."""

from __future__ import annotations

import base64
import logging
import secrets
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import standing, sub_channels
from accounts.checking import changed
from accounts.deadlocks import again_after_deadlock
from accounts.enums import PriorityClass, SpeedMode
from accounts.exceptions import InvalidField
from accounts.following import is_idle
from accounts.keys import ADMIN_NAME, GUEST_NAME, create_key
from accounts.models import DiscordAccount, User
from accounts.standing import tell

logger = logging.getLogger(__name__)

OPERATOR: Final = "operator"  # who moved an account, where no name is known


@transaction.atomic
def save_account(
    account: DiscordAccount,
    *,
    further: sub_channels.Pairs | None = None,
    by: str = OPERATOR,
) -> DiscordAccount:
    """Write a new or edited account; an open gateway notices within a second.

    `further` replaces its sub-channels. A person's hand ends what has kept it from
    drawing. Raises django's ValidationError, by field.
    """
    account.full_clean()
    sub_channels.check(account, further)
    _forget_private_channels(account)
    account.is_fishing = is_idle(account.fishing_time, timezone.now())
    if account._state.adding:
        account.revision += 1
        standing.begin(account)
        account.save()
        sub_channels.replace(account, further or [])
        tell(account.pk)
        return account
    if further is not None:
        sub_channels.replace(account, further)
    account.save(update_fields=_edited(account))
    reconnect(account.pk)
    standing.follow_person(account.pk, by=by)
    account.refresh_from_db(fields=["revision", *standing.FIELDS])
    return account


def _edited(account: DiscordAccount) -> list[str]:
    """Return what a person may have changed: the rest has moved on meanwhile."""
    loaded = {f.name for f in account._meta.concrete_fields if f.editable}
    loaded.add("is_fishing")
    return sorted(loaded - account.get_deferred_fields() - {"id"})


def _forget_private_channels(account: DiscordAccount) -> None:
    """Empty what belongs to the user of another token, but for what is new itself."""
    if account._state.adding or "user_token" not in changed(account):
        return
    rows = DiscordAccount.objects.filter(pk=account.pk)
    for name in ("private_channel_id", "niji_bot_channel_id"):
        if rows.filter(**{name: getattr(account, name)}).exists():
            setattr(account, name, "")


def set_enabled(
    account: DiscordAccount, *, enabled: bool, by: str = OPERATOR
) -> DiscordAccount:
    account.enabled = enabled
    return save_account(account, by=by)


@again_after_deadlock
@transaction.atomic
def reconnect(account_id: int) -> None:
    """Close the account's session and open a new one."""
    DiscordAccount.objects.filter(pk=account_id).update(revision=F("revision") + 1)
    tell(account_id)


@again_after_deadlock
@transaction.atomic
def delete_account(account: DiscordAccount) -> None:
    account_id = account.pk
    account.delete()
    tell(account_id)


@again_after_deadlock
@transaction.atomic
def mark_fast_exhausted(account_id: int, reason: str) -> bool:
    """Note that the account's fast time is used up; return whether that is news."""
    rows = DiscordAccount.objects.filter(pk=account_id, fast_exhausted=False)
    changed = rows.update(fast_exhausted=True)
    if changed:
        _allow(account_id, [SpeedMode.RELAX])
        logger.error("account %s, a person must act: %s", account_id, reason)
        tell(account_id)
    return bool(changed)


@again_after_deadlock
@transaction.atomic
def clear_fast_exhausted(account_id: int) -> bool:
    """Note that the account has fast time again; return whether that is news."""
    rows = DiscordAccount.objects.filter(pk=account_id, fast_exhausted=True)
    changed = rows.update(fast_exhausted=False)
    if changed:
        _allow(account_id, [])
        logger.info("account %s has fast time again", account_id)
        tell(account_id)
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


def note_private_channel(account_id: int, field: str, channel_id: str) -> None:
    """Keep the channel of a bot's direct messages; what is known already stays."""
    rows = DiscordAccount.objects.filter(pk=account_id, **{field: ""})
    rows.update(**{field: channel_id})


def note_remix(account_id: int, *, niji: bool, on: bool) -> None:
    """Remember whether remix mode is on at a bot, as Midjourney has just shown."""
    name = "niji_remix_on" if niji else "mj_remix_on"
    rows = DiscordAccount.objects.filter(pk=account_id).exclude(**{name: on})
    if rows.update(**{name: on}):
        logger.info("account %s: %s is %s", account_id, name, on)


@again_after_deadlock
@transaction.atomic
def create_user(
    *,
    name: str,
    token: str = "",
    operator: bool = False,
    active: bool = True,
    priority: PriorityClass = PriorityClass.NORMAL,
) -> tuple[User, str]:
    """Make a user and return it with its key, which is shown only now.

    Raises InvalidField where the name or the token cannot be used.
    """
    if not name.strip():
        raise InvalidField("用户名不能为空", "A user needs a name")
    user = User(username=name.strip(), is_staff=operator, is_active=active)
    user.is_superuser = operator
    user.priority = priority
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


@again_after_deadlock
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
