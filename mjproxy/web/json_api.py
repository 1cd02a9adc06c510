"""JSON of the API: a lenient parser, and one shape for every error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import IO, Any, Final

import orjson
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.exceptions import AccountsError
from mjproxy.lib.dialect.answers import (
    SubmitAnswer,
    json_answer,
    operation_result,
    submit_answer,
)
from mjproxy.lib.process.disk_full import is_full
from mjproxy.lib.web.outside_hosts import AnswerNeeded, PendingResponse
from tasks.exceptions import Refused

logger = logging.getLogger(__name__)

_TEXTS: Mapping[int, str] = {
    400: "Bad request",
    403: "Forbidden",
    404: "No such address",
    405: "Method not allowed",
    500: "操作失败",
    503: "The database does not answer, retry later",
}


DISK_FULL: Final = "磁盘空间不足，请稍后重试 / The disk is full, retry later"
CHALLENGE: Final = 'Bearer realm="mjproxy"'
View = Callable[[HttpRequest], HttpResponse]
MOST_PARTS: Final = 100_000  # commas and brackets of a body
_LOOKS: Final = ("GET", "HEAD")


class CompactJSONRenderer(JSONRenderer):
    """JSON without spaces, with non-ASCII letters unescaped."""

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class LenientJSONParser(BaseParser):
    """Reads any body as JSON, whatever its content type; an empty one is {}."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            body = stream.read()
            _count(body, parser_context or {})
            return orjson.loads(body.removeprefix(b"\xef\xbb\xbf")) if body else {}
        except (orjson.JSONDecodeError, OSError, RawPostDataException) as exc:
            raise ParseError(f"Malformed JSON: {exc}") from exc


def _count(body: bytes, context: Mapping[str, Any]) -> None:
    """Refuse a body that would make too many objects in memory, before parsing it."""
    most = getattr(context.get("view"), "most_parts", MOST_PARTS)
    if sum(map(body.count, (b",", b"[", b"{"))) > most:
        raise ParseError("Too many parts")


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever a client says it accepts."""

    def select_parser(
        self, request: Request, parsers: Iterable[BaseParser]
    ) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(  # type: ignore[override]
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer a refusal or a broken request; anything else is a defect and gets 500."""
    path = context["request"].path
    match exc:
        case AnswerNeeded():
            return PendingResponse(exc, context["request"].user.pk)
        case Refused():
            refused = Response(_refusal(exc), status=exc.status, headers=exc.headers)
            vars(refused)["_has_been_logged"] = True  # Django's word: no defect
            return refused
        case AccountsError():
            return _said(path, exc)
        case ParseError() | ValidationError():
            # Clients expect 200 here: the original servers reported these errors in the
            # body.
            return Response(failure(path, _text(exc.detail)))
        case OSError() | DatabaseError() if is_full(exc):
            logger.error("%s: the disk is full: %s", path, exc)
            return Response(failure(path, DISK_FULL), status=503)
        case OperationalError() | InterfaceError():
            logger.error("%s: the database does not answer: %s", path, exc)
            return Response(failure(path, _TEXTS[503]), status=503)
    # Here, not above: the views import this module by the settings of the framework.
    from rest_framework import views

    answer = views.exception_handler(exc, context)
    if answer is None:
        return None
    detail = exc.detail if isinstance(exc, APIException) else exc
    # Not with the view's renderer, which may make pages or another kind of JSON.
    told = json_answer(failure(path, _text(detail)), status=answer.status_code)
    for name, value in answer.headers.items():
        told.setdefault(name, value)
    return told


def _said(path: str, error: AccountsError) -> HttpResponse:
    """Answer an error with its text in both languages."""
    body = failure(path, error.zh, messageEn=error.en)
    answer = json_answer(body, status=error.status)
    for name, value in error.headers.items():
        answer[name] = value
    if error.status == 401:
        answer["WWW-Authenticate"] = CHALLENGE
    return answer


def failure(path: str, message: str, **extra: object) -> Mapping[str, object]:
    """Return the envelope of an error, including the keys that submit clients read."""
    result = operation_result(success=False, message=message) | extra
    if "/submit/" in path or "/insight-face/" in path:
        result |= {"description": message, "result": None, "properties": {}}
    return result


def _refusal(exc: Refused) -> SubmitAnswer:
    properties = {**exc.properties, "descriptionEn": exc.en}
    return submit_answer(exc.code, exc.zh, **properties)


def _text(detail: Any) -> str:
    """Return the first message of nested errors, after the name of its field."""
    if isinstance(detail, Mapping):
        name, inner = next(iter(detail.items()), ("", ""))
        text = _text(inner)
        return text if name == "non_field_errors" else f"{name}: {text}"
    if isinstance(detail, list | tuple):
        return _text(detail[0]) if detail else ""
    return str(detail)


@csrf_exempt  # a page that does not exist has no effect
def unknown_address(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return json_answer(failure(request.path, _TEXTS[404]), status=404)


def read_only(view: View) -> View:
    """Let an address answer GET and HEAD; any other method gets 405, as JSON."""

    @csrf_exempt
    @wraps(view)
    def look(request: HttpRequest) -> HttpResponse:
        if request.method in _LOOKS:
            return view(request)
        answer = json_answer(failure(request.path, _TEXTS[405]), status=405)
        answer["Allow"] = ", ".join(_LOOKS)
        return answer

    return look


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request without a valid CSRF token, in the format of its address."""
    return _page_or_json(request, 403) or csrf.csrf_failure(request, reason)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page_or_json(request, 400) or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page_or_json(request, 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page_or_json(request, 404) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_away else 500
    answer = _page_or_json(request, status) or defaults.server_error(request)
    answer.status_code = status
    return answer


def _page_or_json(request: HttpRequest, status: int) -> HttpResponse | None:
    if not request.path.startswith(("/mj", "/healthz", "/readyz", "/api")):
        return None
    return json_answer(failure(request.path, _TEXTS[status]), status=status)
