"""The HTTP response of an export: a file to save."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

FILE_NAME: Final = "accounts.json"


def file_answer(data: bytes) -> HttpResponse:
    """Return a file of accounts as a download."""
    response = HttpResponse(data, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    response["Cache-Control"] = "no-store"
    return response
