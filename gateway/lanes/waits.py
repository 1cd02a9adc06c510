"""Read the lanes of accounts, to explain why their tasks wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from django.db.models import Q, QuerySet

from gateway.leases import is_open
from gateway.models import DispatchLane, GatewaySession
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.ports import Lane

_SEEN: Final = (
    *("user_id", "session_id", "is_live", "holder", "lease_until", "revision"),
    *("account__enabled", "account__state", "account__core_size"),
    "account__revision",
)


def _beside(own: Q) -> QuerySet[GatewaySession]:
    """Return the sessions of `own` accounts and of all rows of their Discord users."""
    users = GatewaySession.objects.filter(own).exclude(user_id="").values("user_id")
    beside = GatewaySession.objects.filter(own | Q(user_id__in=users))
    return beside.select_related("account").only(*_SEEN)


# Usually for one account: clients read a task every second.
_session_beside: Final = CompiledQuery[GatewaySession](
    lambda account_id: _beside(Q(account=account_id))
)


def lanes_of(account_ids: Collection[int]) -> dict[int, Lane]:
    """Return the lane of each account that has a session."""
    ids = list(account_ids)
    by_user: dict[str, list[GatewaySession]] = defaultdict(list)
    one = len(ids) == 1
    for session in _session_beside(*ids) if one else _beside(Q(account__in=ids)):
        # A session without a known Discord user stands alone.
        by_user[session.user_id or f"account {session.account_id}"].append(session)
    rows = DispatchLane.objects.filter(pk__in=list(by_user))
    lanes = {lane.discord_user: lane for lane in rows}
    return {
        session.account_id: _lane(sessions, session, lanes.get(user))
        for user, sessions in by_user.items()
        for session in sessions
        if session.account_id in account_ids
    }


def _lane(
    beside: list[GatewaySession], session: GatewaySession, lane: DispatchLane | None
) -> Lane:
    able = [each for each in beside if each.account.is_ready] or beside
    return Lane(
        accounts=frozenset(each.account_id for each in beside),
        core_size=min(each.account.core_size for each in able),
        is_connected=is_open(session),
        next_send_at=lane.next_send_at if lane else None,
        rest_until=lane.rest_until if lane else None,
        rest_reason=lane.rest_reason if lane else "",
    )
