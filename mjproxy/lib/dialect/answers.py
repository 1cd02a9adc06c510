"""Answers in the shapes of the `/mj` dialect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, TypedDict

import orjson
from channels.db import database_sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page

# .NET counts in steps of 100 ns from the year 1.
_TICKS_AT_UNIX_EPOCH: Final = 621_355_968_000_000_000
LOOK_EVERY: Final = 0.1  # seconds

# Marks a view of long lists as worth compressing.
compressed: Final = method_decorator(gzip_page, name="dispatch")

# Returns the answer, or None while there is none; at the last call it must return one.
Look = Callable[[bool], Mapping[str, object] | None]


class Operation(TypedDict):
    """The envelope of all answers except tasks and submits."""

    success: bool
    code: int
    message: str
    timestamp: str
    data: Any


class SubmitAnswer(TypedDict):
    """The answer of a submit, an upload or a seed; `code` is a ReturnCode."""

    code: int
    description: str
    result: object
    properties: Mapping[str, object]


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
) -> Operation:
    """Return the envelope with the time as ticks."""
    if code is None:
        code = 0 if success else -1
    return {
        "success": success,
        "code": code,
        "message": message,
        "timestamp": str(_TICKS_AT_UNIX_EPOCH + time.time_ns() // 100),
        "data": data,
    }


def submit_answer(
    code: int, text: str, result: object = None, **properties: object
) -> SubmitAnswer:
    """Return the answer of a submit."""
    return {
        "code": int(code),
        "description": text,
        "result": result,
        "properties": properties,
    }


def waiting_answer(look: Look, seconds: float) -> StreamingHttpResponse:
    """Answer with what `look` finds in the rows, after `seconds` at the latest.

    The answer is a stream, so it holds no thread while it waits.
    """
    response = StreamingHttpResponse(
        _found(look, seconds), content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    return response


async def _found(look: Look, seconds: float) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    in_thread = database_sync_to_async(look)
    while True:
        answer = await in_thread(loop.time() >= end)
        if answer is not None:
            break
        await asyncio.sleep(LOOK_EVERY)
    yield orjson.dumps(answer)
