"""Actors of requests: the operators who are signed in or have sent their key."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.people.callers import client_ip
from mjproxy.lib.audit.actors import Actor, acting


class Audited:
    """Middleware that says who makes the changes of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(lambda: actor_of(request)):
            return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor | None:
    """Return the operator of a request, or None.

    The caller of the API is known only in its view, where the framework sets
    `request.user`.
    """
    user = getattr(request, "user", None)
    is_operator = isinstance(user, User) and user.pk and user.is_operator
    return actor_as(request, user) if is_operator and user else None


def actor_as(request: HttpRequest | None, user: User) -> Actor:
    """Return a user as the actor of a request."""
    origin = client_ip(request) if request else None
    return Actor(user.get_username(), origin or "unknown", user.pk)
