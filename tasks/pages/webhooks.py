"""My webhooks: the log of calls, calls that are sent again, the signing secret."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.pages.own import own_page, render_own
from accounts.people.callers import Asker
from accounts.people.users import renew_webhook_secret
from tasks.enums import DeliveryState
from tasks.models import WebhookDelivery
from tasks.pages import call_errors
from tasks.webhooks.by_hand import resend
from tasks.webhooks.own import MAX_ID, call_of, calls_of

PAGE: Final = 25


@require_http_methods(["GET", "HEAD"])
@own_page
def webhooks(request: HttpRequest, asker: Asker) -> HttpResponse:
    return _page(request, asker)


@require_POST
@own_page
def new_secret(request: HttpRequest, asker: Asker) -> HttpResponse:
    """Make another secret, and show it in this answer alone."""
    user = User.objects.only("pk").get(pk=asker.user.pk)
    return _page(request, asker, secret=renew_webhook_secret(user))


@require_POST
@own_page
def resend_call(request: HttpRequest, asker: Asker, call_id: int) -> HttpResponse:
    if call := call_of(asker.user, call_id):
        resend(call)
    return redirect("my-webhooks")


def _page(request: HttpRequest, asker: Asker, *, secret: str = "") -> HttpResponse:
    before = request.GET.get("before", "")
    is_id = before.isascii() and before.isdigit()
    calls = calls_of(asker.user, before=int(before[:19]) if is_id else MAX_ID)
    rows = list(calls[: PAGE + 1])
    context = {
        "here": "webhooks",
        "calls": [_shown(row) for row in rows[:PAGE]],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "is_first": not before,
        "secret": secret,
    }
    return render_own(request, "me/webhooks.html", context)


_WORDS: Final = {
    DeliveryState.DELIVERED: _("Delivered"),
    DeliveryState.GIVEN_UP: _("Given up"),
    DeliveryState.FAILED: _("Failed, will be tried again"),
    DeliveryState.WAITING: _("Waiting"),
}
_TONES: Final = {
    DeliveryState.DELIVERED: "own-good",
    DeliveryState.GIVEN_UP: "own-bad",
    DeliveryState.FAILED: "own-wait",
    DeliveryState.WAITING: "own-wait",
}


def _shown(row: WebhookDelivery) -> dict[str, object]:
    state = DeliveryState(row.state)
    return {
        "row": row,
        "state": _WORDS.get(state, state),
        "tone": _TONES.get(state, ""),
        "error": call_errors.in_words(row.error),
    }
