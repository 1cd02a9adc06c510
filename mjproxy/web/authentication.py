"""Authentication of API calls, in Django REST Framework's terms."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.exceptions import TooManyTries, UserDisabled
from accounts.models import User
from accounts.people.callers import asker_of
from mjproxy.lib.dialect.answers import throttled


class KeyOrSession(SessionAuthentication):
    """A key in any of its three forms, else a signed-in page user, else the guest."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        try:
            asker = asker_of(request._request)
        except UserDisabled as exc:
            raise AuthenticationFailed(exc.en) from exc
        except TooManyTries as exc:
            raise throttled(exc.seconds, f"{exc.zh} / {exc.en}") from exc
        if asker is None:
            return None
        if asker.by_session:
            # A key is sent on purpose; browsers send a cookie with forged forms too.
            self.enforce_csrf(request)
        return asker.user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="mjproxy"'
