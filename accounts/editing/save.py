"""The only place that writes accounts and users."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.choice.idle_hours import is_idle
from accounts.editing import sub_channels
from accounts.editing.discord_check import CONNECTION, changed
from accounts.enums import PriorityClass, SpeedMode
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from accounts.people.keys import ADMIN_NAME, GUEST_NAME, create_key
from accounts.selectors import ids_of_user, lock_users
from accounts.state import changes
from accounts.state.moves import tell
from accounts.state.same_user import OF_USER, leave, share
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.encrypted_field import unreadable
from mjproxy.lib.db.unique_races import checked_again

logger = logging.getLogger(__name__)

_HELPING: Final = frozenset({"enabled", "user_token"})
OPERATOR: Final = "operator"  # who moved an account, where no name is known


@checked_again
@transaction.atomic
def save_account(
    account: DiscordAccount,
    *,
    further: sub_channels.Lines | None = None,
    fields: Collection[str] | None = None,
    by: str = OPERATOR,
) -> DiscordAccount:
    """Write a new or edited account; an open gateway notices within a second.

    `further` replaces its sub-channels. Of an edited one `fields` are written, or all.
    Its socket is left alone unless the edit concerns the connection. Who edits that,
    enters a token (perhaps the same again) or sets `enabled`, has ended what kept the
    account from drawing. Raises django's ValidationError, by field.
    """
    # What fits no key stays as it is, and is no reason to refuse the rest.
    account.full_clean(exclude=unreadable(account))
    sub_channels.check(account, further)
    account.is_fishing = is_idle(account.fishing_time, timezone.now())
    if account._state.adding:
        account.revision += 1
        changes.begin(account)
        account.save()
        sub_channels.replace(account, further or {})
        tell(account.pk)
        return account
    lock_users([account.pk])
    written = _editable(account)
    if fields is not None:
        written &= {*fields}
    connects = changed(account, CONNECTION)
    of_user = {name: getattr(account, name) for name in changed(account, OF_USER)}
    if "user_token" in connects:
        written |= _forget_user(account)
        of_user = {}
    account.save(update_fields=sorted({*written, "is_fishing"}))
    _replace_channels(account, further)
    if connects:
        reconnect(account.pk)
    if of_user:
        share(account.pk, {k: v for k, v in of_user.items() if k in written})
    helped = fields is None or bool(connects or _HELPING & {*fields})
    changes.follow_person(account.pk, by=by, helped=helped)
    tell(account.pk)
    account.refresh_from_db(fields=["revision", *changes.FIELDS])
    return account


def _editable(account: DiscordAccount) -> set[str]:
    """Return what a person may have changed: the rest has moved on meanwhile."""
    loaded = {f.name for f in account._meta.concrete_fields if f.editable}
    return loaded - account.get_deferred_fields() - {"id"}


def _forget_user(account: DiscordAccount) -> set[str]:
    """Forget what belongs to the user of another token; return what to write.

    A channel that is new itself stays.
    """
    rows = DiscordAccount.objects.filter(pk=account.pk)
    for name in ("private_channel_id", "niji_bot_channel_id"):
        if rows.filter(**{name: getattr(account, name)}).exists():
            setattr(account, name, "")
    leave(account)
    channels = {"private_channel_id", "niji_bot_channel_id"}
    return {*OF_USER, *channels, "discord_user", "allow_modes"}


def _replace_channels(
    account: DiscordAccount, further: sub_channels.Lines | None
) -> None:
    if further is not None and sub_channels.replace(account, further):
        rows = DiscordAccount.objects.filter(pk=account.pk)
        rows.update(channels_revision=F("channels_revision") + 1)


def set_enabled(
    account: DiscordAccount, *, enabled: bool, by: str = OPERATOR
) -> DiscordAccount:
    account.enabled = enabled
    return save_account(account, fields={"enabled"}, by=by)


@again_after_deadlock
@transaction.atomic
def reconnect(account_id: int) -> None:
    """Close the account's socket and connect anew: nothing is resumed."""
    # In this order: MySQL reads what stands further left as already written.
    DiscordAccount.objects.filter(pk=account_id).update(
        anew_revision=F("revision") + 1, revision=F("revision") + 1
    )
    tell(account_id)


@again_after_deadlock
@transaction.atomic
def delete_account(account: DiscordAccount) -> None:
    account_id = account.pk
    account.delete()
    tell(account_id)


@again_after_deadlock
@transaction.atomic
def mark_fast_exhausted(
    account_id: int, reason: str, *, asked_at: datetime | None = None
) -> bool:
    """Note that the user's fast time is used up; return whether that is news."""
    changed = _set_exhausted(account_id, is_exhausted=True, asked_at=asked_at)
    if changed:
        logger.error("account %s, a person must act: %s", account_id, reason)
    return changed


@again_after_deadlock
@transaction.atomic
def clear_fast_exhausted(account_id: int, *, asked_at: datetime | None = None) -> bool:
    """Note that the user has fast time again; return whether that is news."""
    changed = _set_exhausted(account_id, is_exhausted=False, asked_at=asked_at)
    if changed:
        logger.info("account %s has fast time again", account_id)
    return changed


def _set_exhausted(
    account_id: int, *, is_exhausted: bool, asked_at: datetime | None
) -> bool:
    """Note it on all rows of the Discord user, unless somebody has acted since."""
    rows = _unedited(account_id, asked_at).filter(fast_exhausted=not is_exhausted)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    for pk in found:
        DiscordAccount.objects.filter(pk=pk).update(fast_exhausted=is_exhausted)
        _allow(pk, [SpeedMode.RELAX] if is_exhausted else [])
        tell(pk)
    return bool(found)


def _unedited(
    account_id: int, asked_at: datetime | None = None
) -> QuerySet[DiscordAccount]:
    """The rows of an account's user; none whose operator has acted since `asked_at`."""
    rows = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
    if asked_at is None:
        return rows
    return rows.filter(Q(acted_at=None) | Q(acted_at__lte=asked_at))


def _allow(account_id: int, modes: list[SpeedMode]) -> None:
    """Allow only these speeds, or all, where the operator leaves that to us."""
    rows = DiscordAccount.objects.filter(pk=account_id, enable_auto_set_relax=True)
    rows.update(allow_modes=modes)


def note_notice(account_id: int, message_id: str) -> bool:
    """Tell whether a notice is newer than all that the account has obeyed, and note it.

    Ids of messages only grow. A notice in the direct messages reaches each row of a
    Discord user; it counts once.
    """
    number = int(message_id) if message_id.isdecimal() else 0
    if not 0 < number < 2**63:
        return False
    older = DiscordAccount.objects.filter(notice_id__lt=number)
    if not older.filter(pk=account_id).update(notice_id=number):
        return False
    older.filter(pk__in=ids_of_user(account_id)).update(notice_id=number)
    return True


def note_private_channel(account_id: int, field: str, channel_id: str) -> None:
    """Keep the channel of a bot's direct messages; what is known already stays."""
    rows = DiscordAccount.objects.filter(pk=account_id, **{field: ""})
    rows.update(**{field: channel_id})


def note_remix(
    account_id: int, *, niji: bool, on: bool, asked_at: datetime | None = None
) -> None:
    """Remember whether remix mode is on at a bot, as Midjourney has just shown."""
    name = "niji_remix_on" if niji else "mj_remix_on"
    rows = _unedited(account_id, asked_at).exclude(**{name: on})
    if rows.update(**{name: on}):
        logger.info("account %s: %s is %s", account_id, name, on)


@checked_again
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
