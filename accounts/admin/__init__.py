"""Pages of the admin: people, accounts, the pool, mails."""

from accounts.admin import (
    account_fieldsets,
    account_form,
    account_list,
    accounts,
    many,
    many_forms,
    people,
    pool,
    state,
    verification,
)

__all__ = [
    "account_fieldsets",
    "account_form",
    "account_list",
    "accounts",
    "many",
    "many_forms",
    "people",
    "pool",
    "state",
    "verification",
]
