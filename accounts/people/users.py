"""Create users, operators, passwords and webhook secrets."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.exceptions import InvalidField
from accounts.models import User
from accounts.people import addresses, passes
from accounts.people.keys import ADMIN_NAME, GUEST_NAME, create_key
from mjproxy.lib.audit.records import audited, in_record, made
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.unique_races import checked_again


@checked_again
@again_after_deadlock
@in_record
@transaction.atomic
def create_user(
    *,
    name: str,
    token: str = "",
    operator: bool = False,
    **fields: object,
) -> tuple[User, str]:
    """Create a user; return it with its key, which cannot be read again.

    `fields` are further columns. Raises InvalidField if a value is invalid.
    """
    if not name.strip():
        raise InvalidField("用户名不能为空", "A user needs a name")
    user = User(username=name.strip(), is_staff=operator, is_superuser=operator)
    for column, value in fields.items():
        setattr(user, column, value)
    user.webhook_secret = new_webhook_secret()
    user.set_unusable_password()
    check_columns(user, [field.name for field in User._meta.concrete_fields])
    user.save()
    addresses.set_by_operator(user)
    made(user)
    return user, create_key(user, name="first key", key=token)


def check_columns(user: User, names: Collection[str]) -> None:
    """Raise InvalidField if a value of these columns is invalid."""
    every = {field.name for field in User._meta.concrete_fields}
    others = {"password", "webhook_secret"} | every.difference(names)
    try:
        user.full_clean(exclude=others)
    except ValidationError as exc:
        zh = "用户名不可用" if "username" in exc.message_dict else "参数错误"
        raise InvalidField(zh, "; ".join(exc.messages)) from exc


@audited
def save_user(user: User) -> None:
    """Save a user whom an operator has made or edited; what they opened is checked."""
    user.is_superuser = user.is_staff
    if user._state.adding:
        user.webhook_secret = new_webhook_secret()
    user.save()
    passes.send_access_changed(user.pk)


@audited
def renew_webhook_secret(user: User) -> str:
    """Give a user another webhook secret and return it; the old one is void."""
    secret = new_webhook_secret()
    user.webhook_secret = secret
    user.save(update_fields=["webhook_secret"])
    return secret


def new_webhook_secret() -> str:
    """Return a signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def ensure_webhook_secret(user: User) -> str:
    """Return the secret that signs the user's webhooks; create a missing one."""
    if not user.webhook_secret:
        # If two processes create one, the first is kept.
        User.objects.filter(pk=user.pk, webhook_secret="").update(
            webhook_secret=new_webhook_secret()
        )
        user.refresh_from_db(fields=["webhook_secret"])
    return str(user.webhook_secret)


@again_after_deadlock
@in_record
@transaction.atomic
def ensure_operator() -> str:
    """Create the first operator and the guest user; return a new password or ""."""
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
    if created:
        made(operator)
    return reset_password(operator) if created else ""


@audited
def reset_password(user: User) -> str:
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password
