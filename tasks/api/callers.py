"""Build the services' `Caller` from a request and its form."""

from __future__ import annotations

from typing import Final

from rest_framework.request import Request

from accounts.api.requests import asker_behind
from accounts.enums import Role
from accounts.people.callers import client_ip, link_base
from mjproxy.lib.db import clock
from mjproxy.lib.validators.addresses import MAX_LENGTH, WrongAddress, parts_of
from tasks.api.shapes.fields import SubmitFields
from tasks.exceptions import ClockIsWrong, InvalidRequest
from tasks.submit.row import MAX_IDEMPOTENCY_KEY, Caller

MAX_STATE: Final = 255


def caller_of(request: Request, form: SubmitFields, mode: str) -> Caller:
    """Return the caller and the members of every submit.

    Raises InvalidRequest for malformed members, ClockIsWrong if the server's clock is.
    """
    if not clock.is_right():
        raise ClockIsWrong(clock.words())
    asker = asker_behind(request)
    return Caller(
        user=asker.user,
        key_id=(asker.key.id or None) if asker.key else None,
        is_guest=asker.role == Role.GUEST,
        mode=mode,
        state=_state(form["state"]),
        notify_hook=_hook(form["notifyHook"]),
        link_base=link_base(request._request),
        client_ip=client_ip(request._request),
        idempotency_key=_idempotency_key(request.META.get("HTTP_IDEMPOTENCY_KEY", "")),
        account_filter=form.get("accountFilter") or None,
    )


def _state(state: str) -> str:
    if len(state) > MAX_STATE:
        raise InvalidRequest(
            f"State参数过长，最大{MAX_STATE}字符",
            f"state is longer than {MAX_STATE} characters",
        )
    return state


def _hook(hook: str) -> str:
    hook = hook.strip()
    if len(hook) > MAX_LENGTH:
        raise InvalidRequest(
            f"NotifyHook参数过长，最大{MAX_LENGTH}字符",
            f"notifyHook is longer than {MAX_LENGTH} characters",
        )
    try:
        if hook:
            parts_of(hook)
    except WrongAddress as exc:
        raise InvalidRequest(
            "NotifyHook格式错误",
            f"notifyHook must begin with http:// or https://: {exc.en}",
        ) from exc
    return hook


def _idempotency_key(key: str) -> str:
    key = key.strip()
    if len(key) > MAX_IDEMPOTENCY_KEY or not key.isprintable():
        raise InvalidRequest(
            "Idempotency-Key格式错误",
            f"Idempotency-Key has at most {MAX_IDEMPOTENCY_KEY} printable characters",
        )
    return key
