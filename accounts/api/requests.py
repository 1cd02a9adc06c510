"""Read data from a request."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from accounts.models import User
from accounts.people.callers import Asker


def user_of(request: Request) -> User:
    """Return the caller. The permission classes admit only known users."""
    return cast(User, request.user)


def asker_behind(request: Request) -> Asker:
    """Return how the caller came in, as `user_of` returns who they are."""
    return cast(Asker, request.auth)


def id_in(text: str) -> int:
    """Return the id in a text, or 0, which no row has."""
    is_id = text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if is_id else 0
