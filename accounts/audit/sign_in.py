"""Log the sign-ins of operators, and changes of their passwords and second factors."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.db.models import Q
from django.http import HttpRequest

from accounts.audit.actors import actor_as
from accounts.models import User
from accounts.people.callers import client_ip
from mjproxy.lib.audit.actors import Actor, acting
from mjproxy.lib.audit.records import note


def connect() -> None:
    """Listen to the signals of sign-in, passwords and second factors."""
    auth.user_logged_in.connect(_signed_in)
    auth.user_login_failed.connect(_failed)
    for signal, action in (
        (account.password_changed, "password changed"),
        (account.password_reset, "password reset"),
        (account.password_set, "password set"),
        (mfa.authenticator_added, "second factor added"),
        (mfa.authenticator_removed, "second factor removed"),
        (mfa.authenticator_reset, "recovery codes made"),
    ):
        signal.connect(_Told(action), weak=False)


class _Told:
    """Receiver that logs what an operator has changed about their own sign-in."""

    def __init__(self, action: str) -> None:
        self.action = action

    def __call__(
        self, request: HttpRequest, user: Any, authenticator: Any = None, **_: Any
    ) -> None:
        if isinstance(user, User) and user.is_staff:
            facts = {"type": authenticator.type} if authenticator else {}
            _note(request, user, self.action, **facts)


def _signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if isinstance(user, User) and user.is_staff:
        _note(request, user, "sign-in")


def _note(
    request: HttpRequest | None, user: User, action: str, **facts: object
) -> None:
    with acting(lambda: actor_as(request, user)):
        note(action, user, **facts)


def _failed(credentials: Any, request: HttpRequest | None = None, **_: Any) -> None:
    """Log a wrong password for an operator. Nobody is known to have sent it."""
    names = (credentials.get(each) for each in ("username", "email", "login"))
    name = str(next(filter(None, names), ""))
    rows = User.objects.filter(Q(username=name) | Q(email__iexact=name), is_staff=True)
    operator = rows.defer("webhook_secret").first() if name else None
    if operator is None:
        return
    origin = client_ip(request) if request else None
    with acting(lambda: Actor("", origin or "unknown")):
        note("failed sign-in", operator)
