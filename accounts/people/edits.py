"""Edit and delete users for operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from accounts.exceptions import InvalidField
from accounts.models import ApiKey, User
from accounts.people import addresses, passes
from accounts.people.keys import ADMIN_NAME, GUEST_NAME, create_key
from accounts.people.operators import check_another
from accounts.people.own_account import delete_own_account
from accounts.people.users import check_columns, save_user
from mjproxy.lib.audit.records import in_record, watch
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.unique_races import checked_again

# What a key that replaces another one takes over from it.
_OF_A_KEY: Final = (
    *("name", "scopes", "expires_at", "allowed_addresses"),
    *("drawings_a_day", "drawings_in_total"),
)


class UnknownUser(InvalidField):
    """No user has this id."""

    def __init__(self) -> None:
        super().__init__("用户不存在", "User does not exist")


@checked_again
@again_after_deadlock
@in_record
@transaction.atomic
def edit_user(user_id: int, changes: Mapping[str, object], token: str = "") -> User:
    """Change columns of a user. A token replaces the key that lists show.

    Raises UnknownUser, LastOperator, InvalidField.
    """
    user = _locked(user_id)
    was_operator = user.is_staff and user.is_active
    _check_name(user, changes)
    for column, value in changes.items():
        setattr(user, column, value)
    if was_operator and not (user.is_staff and user.is_active):
        check_another(user)
    check_columns(user, changes.keys())
    save_user(user)
    if "email" in changes:
        addresses.set_by_operator(user)
    if token:
        _replace_key(user, token)
    return user


@again_after_deadlock
@in_record
@transaction.atomic
def delete_user(user_id: int) -> None:
    """Delete a user as they could do it themselves.

    Raises UnknownUser, LastOperator, and InvalidField for the users that this server
    needs.
    """
    user = _locked(user_id)
    if user.username == ADMIN_NAME:
        raise InvalidField("不能删除管理员账号", "The admin token needs this user")
    if user.username == GUEST_NAME:
        raise InvalidField("不能删除默认账号", "Callers without a key are this user")
    delete_own_account(user)


def _locked(user_id: int) -> User:
    rows = User.objects.select_for_update().defer("webhook_secret")
    user = rows.filter(pk=user_id).first()
    if user is None:
        raise UnknownUser
    watch(user)
    return user


def _check_name(user: User, changes: Mapping[str, object]) -> None:
    name = changes.get("username", user.username)
    if not str(name).strip():
        raise InvalidField("用户名不能为空", "A user needs a name")
    if user.username in (ADMIN_NAME, GUEST_NAME) and name != user.username:
        raise InvalidField("默认账号不能改名", "This user keeps its name")
    if user.username == GUEST_NAME and changes.get("is_staff"):
        # Whoever has no key would be an operator.
        raise InvalidField("访客不能成为管理员", "The guest cannot be an operator")


def _replace_key(user: User, token: str) -> None:
    shown = ApiKey.objects.filter(owner=user, is_active=True).order_by("pk").first()
    kept = {name: getattr(shown, name) for name in _OF_A_KEY} if shown else {}
    create_key(user, key=token, **kept)
    if shown:
        passes.revoke(ApiKey.objects.filter(pk=shown.pk))
