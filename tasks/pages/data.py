"""My data: a download of everything, and the end of the account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.contrib.auth import logout
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.pages.own import own_page, render_own
from accounts.people.callers import Asker, client_ip, link_base
from accounts.people.operators import LastOperator
from accounts.people.own_account import delete_own_account
from accounts.people.own_keys import may_make_keys
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.web.throttle import WINDOW, forget_tries, too_many_tries
from tasks.own_data import own_data
from tasks.pictures.kept import brought

_MOST_BROUGHT = 60


@require_http_methods(["GET", "HEAD"])
@own_page
def data(request: HttpRequest, asker: Asker) -> HttpResponse:
    return _page(request, asker)


@require_http_methods(["GET", "HEAD"])
@own_page
def export(request: HttpRequest, asker: Asker) -> HttpResponseBase:
    """Send everything that is stored about the user, as it is read."""
    parts = own_data(asker.user, link_base(request))
    streams = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _read_in_threads(parts) if streams else parts, content_type="application/json"
    )
    name = f"mjproxy-{timezone.localdate()}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _read_in_threads(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while part := await in_thread(next, parts, b""):
        yield part


@require_POST
@own_page
def delete(request: HttpRequest, asker: Asker) -> HttpResponse:
    """Delete the account after a check that its owner asks for it."""
    user = User.objects.defer("webhook_secret").get(pk=asker.user.pk)
    address = client_ip(request)
    if not may_make_keys(asker):
        return _page(request, asker, error=_("This session's key may not do this."))
    if too_many_tries(address=address, name=user.get_username()):
        minutes = WINDOW // 60
        error = _("Too many tries. Wait %(minutes)s minutes, then try again.")
        said = error % {"minutes": minutes}
        refusal = _page(request, asker, error=said, status=429)
        refusal["Retry-After"] = str(WINDOW)
        return refusal
    if not _is_confirmed(user, request.POST.get("confirmation", "")):
        error = _("That is not right: nothing was deleted.")
        return _page(request, asker, error=error)
    forget_tries(address=address, name=user.get_username())
    try:
        delete_own_account(user)
    except LastOperator:
        error = _("You are the last operator: make another user one first.")
        return _page(request, asker, error=error)
    logout(request)
    return redirect("sign-in")


def _is_confirmed(user: User, given: str) -> bool:
    """Tell whether the password was given, or without one the name."""
    if user.has_usable_password():
        return user.check_password(given)
    return given == user.get_username()


def _page(
    request: HttpRequest, asker: Asker, *, error: str = "", status: int | None = None
) -> HttpResponse:
    user = User.objects.only("username", "password").get(pk=asker.user.pk)
    context = {
        "here": "data",
        "error": error,
        "name": user.get_username(),
        "has_password": user.has_usable_password(),
        "brought": brought.newest_of(user.pk, _MOST_BROUGHT),
    }
    return render_own(
        request, "me/data.html", context, status=status or (400 if error else 200)
    )
