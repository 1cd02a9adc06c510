"""Answers in the shapes of the dialect."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson
from django.http import HttpResponse

# .NET counts in steps of 100 ns from the year 1.
_TICKS_AT_UNIX_EPOCH: Final = 621_355_968_000_000_000


def json_answer(data: Any, status: int = 200) -> HttpResponse:
    """Return compact JSON: some clients search the text for `"code":22`."""
    return HttpResponse(
        orjson.dumps(data), status=status, content_type="application/json"
    )


def operation_result(
    *,
    data: Any = None,
    message: str = "操作成功",
    success: bool = True,
    code: int | None = None,
) -> dict[str, Any]:
    """Return the envelope that everything but tasks and submits answers with."""
    if code is None:
        code = 0 if success else -1
    return {
        "success": success,
        "code": code,
        "message": message,
        "timestamp": str(_TICKS_AT_UNIX_EPOCH + time.time_ns() // 100),
        "data": data,
    }
