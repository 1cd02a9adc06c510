"""Find which kinds of face swap are served, and which of them a user may use."""

from __future__ import annotations

from accounts.limits.allowed import allowed
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from tasks.models import SwapSettings
from tasks.snapshots import swap_settings
from tasks.swaps.kinds import KINDS, SwapKind


def is_served(kind: SwapKind, settings: SwapSettings) -> bool:
    """Tell whether a kind is switched on, and the provider's token can be read."""
    if not kind.is_on(settings):
        return False
    try:
        return bool(SwapSettings.get_solo().token)
    except UndecryptableSecret:
        return False


def usable_kinds(user_id: int) -> list[SwapKind]:
    """Return the kinds that a user can submit now."""
    if not allowed(user_id).may_swap_faces:
        return []
    settings = swap_settings()
    return [kind for kind in KINDS.values() if is_served(kind, settings)]
