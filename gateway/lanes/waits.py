"""The lanes of accounts, as those who wait there see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from django.db.models import Q, QuerySet

from gateway.leases import is_open
from gateway.models import DispatchLane, GatewaySession
from mjproxy.lib.db.compiled_query import PreparedQuery
from tasks.waiting.reason import Lane

_SEEN: Final = (
    *("user_id", "session_id", "is_live", "holder", "lease_until", "revision"),
    *("account__enabled", "account__state", "account__core_size"),
    "account__revision",
)


def _beside(*account_ids: int) -> QuerySet[GatewaySession]:
    """The sessions of accounts, and of all that share a Discord user with them."""
    own = Q(account__in=account_ids)
    users = GatewaySession.objects.filter(own).exclude(user_id="").values("user_id")
    beside = GatewaySession.objects.filter(own | Q(user_id__in=users))
    return beside.select_related("account").only(*_SEEN)


def _lanes(*users: str) -> QuerySet[DispatchLane]:
    return DispatchLane.objects.filter(pk__in=users)


# One account is the rule: clients look at a task every second.
_session_beside: Final = PreparedQuery[GatewaySession](_beside, markers=(-1,))
_lane_of: Final = PreparedQuery[DispatchLane](_lanes, markers=("a Discord user",))


def lanes_of(account_ids: Collection[int]) -> dict[int, Lane]:
    """Return the lane of each account that has a session."""
    ids = list(account_ids)
    crews: dict[str, list[GatewaySession]] = defaultdict(list)
    for session in _session_beside(*ids) if len(ids) == 1 else _beside(*ids):
        # Before it is known whose the session is, it stands alone.
        crews[session.user_id or f"account {session.account_id}"].append(session)
    users = list(crews)
    rows = _lane_of(*users) if len(users) == 1 else _lanes(*users)
    lanes = {lane.discord_user: lane for lane in rows}
    return {
        session.account_id: _lane(crew, session, lanes.get(user))
        for user, crew in crews.items()
        for session in crew
        if session.account_id in account_ids
    }


def _lane(
    crew: list[GatewaySession], session: GatewaySession, lane: DispatchLane | None
) -> Lane:
    able = [each for each in crew if each.account.is_ready] or crew
    return Lane(
        accounts=frozenset(each.account_id for each in crew),
        core_size=min(each.account.core_size for each in able),
        is_connected=is_open(session),
        next_send_at=lane.next_send_at if lane else None,
        rest_until=lane.rest_until if lane else None,
        rest_reason=lane.rest_reason if lane else "",
    )
