"""Keep one operator: without any nobody could administer the server."""

from __future__ import annotations

from accounts.exceptions import AccountsError
from accounts.models import User


class LastOperator(AccountsError):
    """Without this operator nobody could administer the server."""

    def __init__(self) -> None:
        super().__init__(
            "不能删除最后一个管理员账号",
            "The last operator cannot be deleted, disabled or made a user",
        )


def check_another(user: User) -> None:
    """Raise LastOperator if nobody but this operator is one. Call in a transaction.

    All operators are locked, so that two who leave at once do not both find the other.
    """
    operators = User.objects.filter(is_staff=True, is_active=True)
    locked = operators.select_for_update().order_by("pk")
    if set(locked.values_list("pk", flat=True)) == {user.pk}:
        raise LastOperator
