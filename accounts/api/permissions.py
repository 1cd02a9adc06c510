"""Permissions beyond a valid key."""

from __future__ import annotations

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User


class IsOperator(BasePermission):
    """Allows operators only. Others get status 401, as clients of this API expect."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if isinstance(user, User) and user.is_operator:
            return True
        raise AuthenticationFailed("Forbidden: Admin access required.")
