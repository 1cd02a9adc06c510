"""The HTTP answer of an export: a file to be saved."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

FILE_NAME: Final = "accounts.json"


def file_answer(data: bytes) -> HttpResponse:
    """Answer a file of accounts as one to be saved."""
    response = HttpResponse(data, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    response["Cache-Control"] = "no-store"
    return response
