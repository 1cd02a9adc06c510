"""Authentication of API calls, in Django REST Framework's terms."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.people.callers import Asker, asker_of
from accounts.protection import gate
from mjproxy.web.json_api import CHALLENGE


class KeyOrSession(SessionAuthentication):
    """A key in any of its three forms, a signed-in page user, a visitor or a guest."""

    def authenticate(self, request: Request) -> tuple[User, Asker] | None:
        asker = asker_of(request._request)
        if asker is None:
            return None
        if asker.by_session:
            # A key is sent on purpose; browsers send a cookie with forged forms too.
            self.enforce_csrf(request)
        gate.admit(request._request, asker)
        return asker.user, asker

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
