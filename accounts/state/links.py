"""Addresses of the pages on which an operator helps an account."""

from __future__ import annotations

from django.urls import reverse

from accounts.enums import AccountState


def verification_path(account_id: int) -> str:
    """Return the address of the verification page of an account."""
    return reverse("verification", args=[account_id])


def path_of_todo(account_id: int, state: str) -> str:
    """Return the page on which an operator helps an account in this state."""
    if state == AccountState.VERIFICATION:
        return verification_path(account_id)
    return reverse("admin:accounts_discordaccount_change", args=[account_id])
