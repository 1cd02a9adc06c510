"""Read data from a request."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from accounts.models import User


def user_of(request: Request) -> User:
    """Return the caller. The permission classes admit only known users."""
    return cast(User, request.user)
