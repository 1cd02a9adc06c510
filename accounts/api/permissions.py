"""Permission classes: who may call a view, in which role, with which scope of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.enums import KeyScope
from accounts.exceptions import DemoMode, KeyNeeded, OperatorNeeded
from accounts.models import User
from accounts.people.callers import Asker

if TYPE_CHECKING:  # the views import this module by the settings of the framework
    from rest_framework.views import APIView

LOOKS: Final = ("GET", "HEAD", "OPTIONS")
TABLE_LOOKS: Final = (*LOOKS, "POST")  # the body of a POST says which page


class MayCall(BasePermission):
    """Allows known callers whose key has the scope of the call.

    A view names the methods that change nothing as `looks`, if they are not LOOKS; they
    need the scope `read`, others need `draw`. If that is wrong it names its `scope`.
    Visitors of a demo may only look.
    """

    scope: KeyScope | None = None

    def has_permission(self, request: Request, view: APIView) -> bool:
        asker = request.auth
        if not isinstance(asker, Asker):
            raise KeyNeeded
        is_look = request.method in getattr(view, "looks", LOOKS)
        by_method = KeyScope.READ if is_look else KeyScope.DRAW
        scope = self.scope or getattr(view, "scope", None) or by_method
        if asker.is_visitor and not is_look:
            raise DemoMode(getattr(view, "status_in_demo", 200))
        asker.check(scope)
        return True


class IsOperator(MayCall):
    """Allows operators only. Others get status 401, as clients of this API expect."""

    scope = KeyScope.ADMIN

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if isinstance(request.user, User) and request.user.is_operator:
            return True
        raise OperatorNeeded
