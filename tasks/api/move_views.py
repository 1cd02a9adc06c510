"""The view that begins to move in from “plus”."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import done
from accounts.api.permissions import IsOperator
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent
from mjproxy.lib.dialect.fields import DialectSerializer, Text
from tasks.enums import MoveSource
from tasks.moving.begin import LONGEST_KEY, begin


class MigrationSerializer(DialectSerializer):
    """The server to move in from, and a key of an operator there."""

    host = Text(max_length=300, help_text="Address, as https://old.example.")
    apiSecret = Text(max_length=LONGEST_KEY)
    copyPictures = serializers.BooleanField(
        default=True, help_text="Keep the pictures here too; workers fetch them."
    )


class PlusMigrationView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_mjplus_migration",
        tags=["admin"],
        summary="Begin to move in from a server of the “plus” product",
        description="A worker takes accounts and tasks; one run at a time. The admin "
        "shows its progress and report.",
        request=MigrationSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"host": "https://old.example", "apiSecret": "..."}),
            done(id="1"),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = MigrationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        move = begin(
            MoveSource.PLUS,
            asked["host"],
            asked["apiSecret"],
            with_pictures=asked["copyPictures"],
        )
        return json_answer(operation_result(data={"id": str(move.pk)}))
