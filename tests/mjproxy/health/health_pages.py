"""Parts of the product, and their state on the health pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gateway.models import GatewaySession
from mjproxy.lib.process.signs_of_life import PARTS
from tests.conftest import ApiClient
from tests.factories import make_account

ROLES = [role for roles in PARTS.values() for role in roles]
ALL_WELL = dict.fromkeys(("database", "redis", "worker", "beat", "gateway"), "ok")
REST_WELL = dict.fromkeys(("writes", "tables", "accounts", "disk"), "ok")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def connected(**facts: Any) -> GatewaySession:
    """Return the session of an account whose socket is open."""
    account = make_account()
    lease_until = timezone.now() + timedelta(hours=1)
    known = {"holder": "one", "session_id": "s", "is_live": True}
    known |= {"lease_until": lease_until, "revision": account.revision, **facts}
    return GatewaySession.objects.create(account=account, **known)


def healthz(stranger: ApiClient) -> dict[str, Any]:
    answer = stranger.get("/healthz")
    assert answer.status_code == 200  # requests can be answered all the same
    return dict(answer.json())


def readyz(stranger: ApiClient) -> tuple[int, dict[str, Any]]:
    answer = stranger.get("/readyz")
    return answer.status_code, answer.json()
