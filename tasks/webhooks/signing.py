"""Secrets that sign webhook calls: of users, and of the operator's hook."""

from __future__ import annotations

import time
from typing import Final

from accounts.models import User
from accounts.people.users import ensure_webhook_secret, new_webhook_secret
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from tasks.models import DrawingSettings

# Seconds for which a secret is kept in memory. A new one is used after this time.
KEPT: Final = 0.5
_MOST: Final = 10_000
_OPERATORS: Final = 0  # stands for the id of a user
_known: Final[dict[int, tuple[float, str]]] = {}


def secret_for(owner_id: int, *, is_operators: bool) -> str:
    """Return the secret that signs a call: its user's, or that of the operator's hook.

    Returns "" if the secret fits no encryption key.
    """
    whose = _OPERATORS if is_operators else owner_id
    read_at, secret = _known.get(whose, (0.0, ""))
    now = time.monotonic()
    if not secret or now - read_at > KEPT:
        secret = _read(whose)
        if len(_known) >= _MOST:
            _known.clear()
        _known[whose] = now, secret
    return secret


def _read(whose: int) -> str:
    try:
        if whose == _OPERATORS:
            return hook_secret()
        return ensure_webhook_secret(User.objects.only("webhook_secret").get(pk=whose))
    except UndecryptableSecret:
        return ""


def forget() -> None:
    """Forget all secrets that are kept in memory."""
    _known.clear()


def hook_secret(*, renew: bool = False) -> str:
    """Return the secret of the operator's hook; create it if it is missing."""
    settings = DrawingSettings.get_solo()
    if renew or not settings.hook_secret:
        rows = DrawingSettings.objects.filter(pk=settings.pk)
        # If two processes create one, the first is kept.
        missing = rows if renew else rows.filter(hook_secret="")
        missing.update(hook_secret=new_webhook_secret())
        settings.refresh_from_db(fields=["hook_secret"])
    return str(settings.hook_secret)
