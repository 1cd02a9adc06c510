"""Where a person does what an account waits for."""

from __future__ import annotations

from django.urls import reverse

from accounts.enums import AccountState


def verification_path(account_id: int) -> str:
    """Return the address of the operators' page about an account's verification."""
    return reverse("verification", args=[account_id])


def path_of_todo(account_id: int, state: str) -> str:
    """Return the address of the page on which an account in this state is helped."""
    if state == AccountState.VERIFICATION:
        return verification_path(account_id)
    return reverse("admin:accounts_discordaccount_change", args=[account_id])
