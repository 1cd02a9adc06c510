"""Views for operators: the table of users, and edits of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import PAGE, done, id_of
from accounts.api.permissions import TABLE_LOOKS, IsOperator
from accounts.api.requests import asker_behind, id_in
from accounts.api.tables import TABLE_OR_FAILURE, TableSerializer, page_of, read_table
from accounts.enums import PriorityClass
from accounts.exceptions import DemoPages
from accounts.limits import meter
from accounts.limits.meter import Drawn
from accounts.models import ApiKey, User
from accounts.people import edits
from accounts.people.users import create_user
from accounts.wire.forms import OperationSerializer
from accounts.wire.user import UserSearchSerializer, UserSerializer, user_json
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent

_NEW: Final = {"id": "2", "name": "alice", "token": "mjp_...", "webhookSecret": "..."}
_SHOWN: Final = {
    "id": "2",
    "name": "alice",
    "token": "mjp_abcd****",
    "role": "USER",
    "status": "NORMAL",
    "dayDrawLimit": 50,
    "dayDrawCount": 3,
    "isAvailable": True,
}


class UsersView(APIView):
    permission_classes = [IsOperator]
    looks = TABLE_LOOKS

    @extend_schema(
        operation_id="admin_user_table",
        tags=["admin"],
        summary="A page of the users, those changed last first; keys are masked",
        request=TableSerializer,
        responses=TABLE_OR_FAILURE,
        examples=[
            sent({"pagination": {"current": 1, "pageSize": 10}, "search": {}}),
            OpenApiExample(
                "page",
                value={"list": [_SHOWN], "pagination": PAGE},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        asked, search = read_table(request, UserSearchSerializer)
        asker = asker_behind(request)
        if asker.is_visitor and search["email"].strip():
            raise DemoPages  # by parts of it, a masked address could be guessed
        rows = _found(search)
        page, pagination = page_of(rows, asked.get("pagination"), asker)
        drawn = meter.drawn_by([user.pk for user in page], timezone.localdate())
        users = [
            user_json(user, user.first_key, **asdict(drawn.get(user.pk, Drawn())))
            for user in page
        ]
        return json_answer({"list": users, "pagination": pagination})


class SaveUserView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_user_add",
        tags=["admin"],
        summary="Create a user, or change one; members not sent stay. The key and the "
        "webhook secret of a new user are shown only once",
        request=UserSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"name": "alice", "role": "USER", "priority": "HIGH"}),
            done(**_NEW),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = UserSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changes, key = form.changes(), form.chosen_key()
        if user_id := form.validated_data["id"].strip():
            user = edits.edit_user(id_in(user_id), changes, key)
            return _done(id=str(user.pk))
        name = str(changes.pop("username", ""))
        operator = bool(changes.pop("is_staff", False))
        user, key = create_user(name=name, token=key, operator=operator, **changes)
        return _done(
            id=str(user.pk),
            name=user.username,
            token=key,
            webhookSecret=user.webhook_secret,
            priority=PriorityClass(user.priority or PriorityClass.NORMAL).name,
        )


class UserView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_user_delete",
        tags=["admin"],
        summary="Delete a user with their keys, tasks, pictures and credits",
        parameters=[OpenApiParameter("user_id", str, OpenApiParameter.PATH)],
        responses={200: OperationSerializer},
        examples=[done()],
    )
    def delete(self, request: Request, user_id: str, mode: str = "") -> HttpResponse:
        edits.delete_user(id_in(user_id))
        return _done()


def _found(search: dict[str, Any]) -> QuerySet[Any]:
    """Return the users that match all members of a search, changed last first."""
    keys = ApiKey.objects.filter(owner=OuterRef("pk"), is_active=True).order_by("pk")
    rows = User.objects.defer("webhook_secret", "password").select_related("group")
    wanted = {
        "pk": id_in(text) if (text := search["id"].strip()) else "",
        "username__icontains": search["name"].strip(),
        "email__icontains": search["email"].strip(),
    }
    rows = rows.filter(**{look: value for look, value in wanted.items() if value != ""})
    if search["phone"].strip():
        return rows.none()
    if "role" in search:
        rows = rows.filter(is_staff=search["role"] == "ADMIN")
    if "status" in search:
        rows = rows.filter(is_active=search["status"] == "NORMAL")
    rows = rows.annotate(first_key=Subquery(keys.values("prefix")[:1]))
    return rows.order_by("-changed_at", "-pk")


def _done(**data: object) -> HttpResponse:
    return json_answer(operation_result(data=data or None) | id_of(data))
