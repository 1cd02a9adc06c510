"""What views read from a request."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from accounts.models import User


def user_of(request: Request) -> User:
    """Return who asks. The permission classes have let nobody else in."""
    return cast(User, request.user)
