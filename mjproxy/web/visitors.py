"""Masked: what visitors of a demo see of the API's answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.exceptions import DemoMode
from accounts.people.callers import is_by_visitor
from mjproxy.lib.dialect.answers import json_answer
from mjproxy.web.json_api import failure

MASK: Final = "****"
MOST_ROWS: Final = 10  # of a list; tables have pages of ten
# Members that are secret or private.
_SECRET: Final = re.compile(
    r"(?i:token|secret|password|passphrase|cookie|hook|mail|phone|proxy|invitation"
    r"|accesskey|apikey|cfurl|cfhashurl|useragent|whitelist|blacklist|ngdiscord"
    r"|captchaserver|apiurl|appid)|Ip$|^ip$|^to$"
)
# The address of a service: private in an object that holds the service's secret too.
_ADDRESS: Final = ("url", "host", "endpoint")
_MARK_OF_A_TASK: Final = "submitTime"
_OF_CLIENTS: Final = "state"  # a task's is its client's; an account's is none


class Masked:
    """Middleware that masks answers to visitors, and shortens their lists.

    An answer that is not JSON is refused, because it cannot be masked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return _shown(request, response) if is_by_visitor(request) else response


def _shown(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, HttpResponse) and not response.content:
        return response
    if not isinstance(response, HttpResponse) or not _is_json(response):
        response.close()
        return json_answer(failure(request.path, DemoMode().zh))
    found = orjson.loads(response.content)
    if isinstance(found, list):
        found = found[:MOST_ROWS]
    response.content = orjson.dumps(masked(found))
    return response


def _is_json(response: HttpResponse) -> bool:
    return response.get("Content-Type", "").startswith("application/json")


def masked(value: Any) -> Any:
    """Return a JSON value whose secret members have no value, or asterisks."""
    if isinstance(value, list):
        return [masked(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    private: set[str] = {name for name in value if _SECRET.search(name)}
    if private:
        private.update(_ADDRESS)
    if _MARK_OF_A_TASK in value:
        private.add(_OF_CLIENTS)
    return {
        name: _hidden(inner) if name in private else masked(inner)
        for name, inner in value.items()
    }


def _hidden(value: Any) -> Any:
    """Return a value of the same type that tells nothing."""
    if isinstance(value, str):
        return value and MASK
    return None if value is None else type(value)()
