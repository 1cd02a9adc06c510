"""Delete one's own account."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from accounts.people.operators import check_another
from accounts.people.passes import delete_user


@transaction.atomic
def delete_own_account(user: User) -> None:
    """Delete a user with all that is theirs. Raises LastOperator."""
    if user.is_staff:
        check_another(user)
    delete_user(user)
