"""What goes out: a prompt with the speed that holds for it."""

from __future__ import annotations

from accounts.models import DiscordAccount
from tasks import prompts


def sent_text(account: DiscordAccount, prompt: str, mode: str) -> str:
    """Return a prompt as this account sends it, for a task that wants this speed."""
    return prompts.sent_prompt(
        prompt,
        task_mode=mode,
        account_mode=account.mode,
        allow_modes=account.allow_modes,
        fast_exhausted=account.fast_exhausted,
    )
