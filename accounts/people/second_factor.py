"""The second factor that operators may need before a session opens the admin."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import User
from accounts.selectors import access_settings

# Recovery codes alone are none: they come with one of these.
KINDS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_missing(user: Any) -> bool:
    """Tell whether this user must set up a second factor first."""
    if not (isinstance(user, User) and user.is_operator):
        return False
    if not access_settings().operators_need_second_factor:
        return False
    return not Authenticator.objects.filter(user=user, type__in=KINDS).exists()


def may_open_admin(request: HttpRequest) -> bool:
    """Tell whether a session opens the admin."""
    user: Any = request.user
    return isinstance(user, User) and user.is_operator and not is_missing(user)
