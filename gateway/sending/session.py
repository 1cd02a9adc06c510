"""Sendable session: the session in which an account may send to Discord now."""

from __future__ import annotations

from accounts.models import DiscordAccount
from gateway.lanes import lane
from gateway.leases import is_open
from gateway.models import GatewaySession


def sendable_session(
    account: DiscordAccount | None, *, though_resting: bool = False
) -> GatewaySession | None:
    """Return the session in which an account may send now; None if it may not.

    The session must be open. The account's user must not be resting, unless
    `though_resting` is set, for requests that do not count for Discord's limits. The
    account's state is not checked here: some requests are sent while it is paused. The
    claim that follows checks the session once more, with `leases.still_open` in its own
    UPDATE.
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
