"""Build HTTP answers in Discord's form."""

from typing import Any

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json


def answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return a JSON answer.

    Its Content-Type has no charset, because one client insists on that.
    """
    return web.Response(
        body=wire.dump(body),
        status=status,
        headers=headers,
        content_type="application/json",
    )


class Refused(Exception):
    """Discord refuses the request; `response()` builds the answer."""

    def __init__(
        self, status: int, code: int, message: str, errors: Json | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors

    def response(self) -> web.Response:
        return answer(self.body, self.status)


def unauthorized() -> Refused:
    return Refused(401, 0, "401: Unauthorized")


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def unknown(what: str, code: int) -> Refused:
    return Refused(404, code, f"Unknown {what}")


def invalid_form(path: str, code: str, message: str) -> Refused:
    """Return a Refused with code 50035 and the error at the dotted `path`."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return Refused(400, 50035, "Invalid Form Body", errors)
