"""Views that export and import accounts."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.account_search import WhichSerializer, chosen
from accounts.api.examples import done
from accounts.api.permissions import IsOperator
from accounts.api.requests import user_of
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount
from accounts.transfer.accounts import Refused, Report, export_file, import_file
from accounts.transfer.answer import file_answer
from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.answers import json_answer, operation_result
from mjproxy.lib.dialect.examples import sent
from mjproxy.lib.dialect.fields import DialectSerializer, Text
from mjproxy.lib.sealed_file import BadFile

_SHOWN_ERRORS: Final = 100
_FILE: Final = {
    "format": "mjproxy-accounts",
    "version": 1,
    "kdf": {"name": "scrypt", "n": 32768, "r": 8, "p": 3, "salt": "..."},
    "nonce": "...",
    "accounts": [{"channelId": "1400000000000000007", "remark": "first"}],
    "sealed": "...",
}


class AccountsExportSerializer(WhichSerializer):
    """Without `ids` and `search`, all accounts are exported."""

    passphrase = Text(help_text="8 characters or more. With it the tokens can be read.")


@extend_schema_field(OpenApiTypes.OBJECT)
class Document(serializers.Field[Any, Any, Any, Any]):
    """A JSON document, or its text."""

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return data.encode() if isinstance(data, str) else orjson.dumps(data)
        except (TypeError, UnicodeEncodeError) as exc:
            raise serializers.ValidationError("Nested too deeply.") from exc


class AccountsImportSerializer(DialectSerializer):
    """A file that an export has returned."""

    passphrase = Text()
    file = Document(help_text="The document, or its text.")
    existing = serializers.ChoiceField(
        choices=["skip", "update"],
        default="skip",
        help_text="How to treat an account whose channel exists.",
    )


class ExportView(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        operation_id="admin_account_export",
        tags=["admin"],
        summary="Write accounts into a file; their secrets are encrypted in it",
        request=AccountsExportSerializer,
        responses=OpenApiTypes.OBJECT,
        examples=[
            sent({"passphrase": "...", "search": {"group": "night"}}),
            OpenApiExample("file", value=_FILE, response_only=True),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = AccountsExportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        which = form.validated_data
        rows = DiscordAccount.objects.all()
        if "ids" in which or "search" in which:
            rows = chosen(which)
        try:
            name = user_of(request).username
            data = export_file(rows, which["passphrase"], by=name)
        except (BadFile, ValueError) as exc:
            raise InvalidField("导出失败", str(exc)) from exc
        return file_answer(data)


class ImportView(APIView):
    permission_classes = [IsOperator]
    # limit of the body: a file has many accounts of many members
    most_parts = 1_000_000

    @extend_schema(
        operation_id="admin_account_import",
        tags=["admin"],
        summary="Add the accounts of a file: all of them, or none",
        request=AccountsImportSerializer,
        responses=OperationSerializer,
        examples=[
            sent({"passphrase": "...", "file": _FILE}),
            done(added=["1400000000000000007"], updated=[], skipped=[], errors={}),
        ],
    )
    def post(self, request: Request, mode: str = "") -> HttpResponse:
        form = AccountsImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        try:
            report = import_file(
                asked["file"],
                asked["passphrase"],
                update=asked["existing"] == "update",
                by=user_of(request).username,
            )
        except BadFile as exc:
            raise InvalidField("导入失败", str(exc)) from exc
        except Refused as exc:
            failed = operation_result(
                success=False, message=f"导入失败: {exc}", data=_told(exc.report)
            )
            return json_answer(failed | {"messageEn": str(exc)})
        return json_answer(operation_result(data=_told(report)))


def _told(report: Report) -> dict[str, object]:
    if report.errors:
        shown = list(report.errors.items())[:_SHOWN_ERRORS]
        return {"errors": {str(number): text for number, text in shown}}
    return {
        "added": report.added,
        "updated": report.updated,
        "skipped": report.skipped,
        "errors": {},
    }
