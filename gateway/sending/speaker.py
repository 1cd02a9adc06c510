"""Speaker: whether an account may send to Discord now, and in which session."""

from __future__ import annotations

from accounts.models import DiscordAccount
from gateway.lanes import lane
from gateway.leases import is_open
from gateway.models import GatewaySession


def session_of(
    account: DiscordAccount | None, *, though_resting: bool = False
) -> GatewaySession | None:
    """Return the session in which an account may send now; None where it may not.

    The session must be open, and Discord must not want its user to rest. What does not
    count for Discord's limits goes on `though_resting`. The account's state is left to
    the caller: some things are sent while it is paused. The claim that follows asks
    once more, with `leases.still_open` in its own UPDATE.
    """
    if account is None:
        return None
    session = GatewaySession.objects.filter(account=account).first()
    if session is None:
        return None
    session.account = account
    if not is_open(session):
        return None
    resting = not though_resting and lane.is_resting(account.pk)
    return None if resting else session
