"""Pages of the admin: people, accounts, the pool, mails."""

from accounts.admin import (
    account_form,
    accounts,
    many,
    many_forms,
    people,
    pool,
    state,
    verification,
)

__all__ = [
    "account_form",
    "accounts",
    "many",
    "many_forms",
    "people",
    "pool",
    "state",
    "verification",
]
