"""Pages of the admin: people, accounts, the pool, mails."""

from accounts.admin import (
    account_fieldsets,
    account_form,
    account_list,
    accounts,
    audit,
    credits,
    invitations,
    keys,
    many,
    many_forms,
    people,
    pool,
    protection,
    state,
    verification,
)

__all__ = [
    "account_fieldsets",
    "account_form",
    "account_list",
    "accounts",
    "audit",
    "credits",
    "invitations",
    "keys",
    "many",
    "many_forms",
    "people",
    "pool",
    "protection",
    "state",
    "verification",
]
