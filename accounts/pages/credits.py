"""My credits: balance, bookings, codes to redeem, packages to buy."""

from __future__ import annotations

from typing import Final

from django import forms
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.credits import codes, payments
from accounts.credits.statement import MAX_ID, as_csv, bookings_of
from accounts.enums import BookingKind
from accounts.exceptions import AccountsError
from accounts.limits import meter
from accounts.models import Booking, Payment
from accounts.pages.own import own_page, render_own, said
from accounts.people.callers import Asker, link_base
from mjproxy.lib.process.bulkhead import NoPlace
from mjproxy.lib.web.csv_answer import csv_answer

PAGE: Final = 25

_WORDS: Final = {
    BookingKind.RESERVE: gettext_lazy("Reserved for a drawing"),
    BookingKind.SETTLE: gettext_lazy("Drawn"),
    BookingKind.RETURN: gettext_lazy("Returned, the drawing failed"),
    BookingKind.ADD: gettext_lazy("Added by an operator"),
    BookingKind.TAKE: gettext_lazy("Taken away by an operator"),
    BookingKind.CODE: gettext_lazy("Code redeemed"),
    BookingKind.PAYMENT: gettext_lazy("Bought"),
    BookingKind.REFUND: gettext_lazy("Payment refunded"),
}


class CodeForm(forms.Form):
    """A code, as a user enters it."""

    code = forms.CharField(max_length=codes.LONGEST)


class BuyForm(forms.Form):
    """A package and a way to pay for it."""

    package = forms.IntegerField(min_value=1, max_value=MAX_ID)
    way = forms.CharField(max_length=20)


@require_http_methods(["GET", "HEAD"])
@own_page
def credits_page(request: HttpRequest, asker: Asker) -> HttpResponse:
    return _page(request, asker)


@require_POST
@own_page
def redeem_code(request: HttpRequest, asker: Asker) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, asker, error=_("Enter a code."), status=400)
    try:
        added = codes.redeem(asker.user.pk, form.cleaned_data["code"])
    except AccountsError as exc:
        return _page(request, asker, error=said(exc), status=400)
    return _page(request, asker, notice=_added(added))


@require_POST
@own_page
def buy(request: HttpRequest, asker: Asker) -> HttpResponse:
    """Open a payment, and answer with a page that leads to the payment service.

    A redirect would be stopped by the policy of our pages for forms.
    """
    form = BuyForm(request.POST)
    if not form.is_valid():
        return redirect("my-credits")
    package, way = form.cleaned_data["package"], form.cleaned_data["way"]
    back = link_base(request) + reverse("my-credits")
    try:
        opened = payments.begin(asker.user.pk, package, way, back)
    except NoPlace:
        error = _("Too many payments are being opened. Try again in a moment.")
        return _page(request, asker, error=error, status=503)
    except AccountsError as exc:
        return _page(request, asker, error=said(exc), status=max(exc.status, 400))
    context = {"here": "credits", "address": opened.address}
    return render_own(request, "me/payment.html", context)


@require_http_methods(["GET", "HEAD"])
@own_page
def statement(request: HttpRequest, asker: Asker) -> HttpResponseBase:
    """Send all bookings of the user as CSV, as they are read."""
    name = f"credits-{timezone.localdate()}.csv"
    return csv_answer(request, as_csv(asker.user.pk), name)


def _page(
    request: HttpRequest,
    asker: Asker,
    *,
    error: str = "",
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    before = request.GET.get("before", "")
    is_id = before.isascii() and before.isdigit()
    rows = bookings_of(asker.user.pk, before=int(before[:19]) if is_id else MAX_ID)
    found = list(rows[: PAGE + 1])
    ways = payments.ways_on()
    context = {
        "here": "credits",
        "balance": meter.balance(asker.user.pk),
        "bookings": [_shown(row) for row in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first": not before,
        "packages": payments.on_sale() if ways else [],
        "ways": ways,
        "error": error,
        "notice": notice or _of_payment(asker.user.pk, request.GET.get("payment", "")),
    }
    return render_own(request, "me/credits.html", context, status=status)


def _shown(row: Booking) -> dict[str, object]:
    # The note of a code is for operators: it names rows of theirs.
    note = "" if row.kind == BookingKind.CODE else row.note
    return {"row": row, "words": _WORDS[BookingKind(row.kind)], "note": note}


def _of_payment(user_id: int, reference: str) -> str:
    """Return how a payment stands from whose page the user has come back."""
    if not reference.isalnum():
        return ""
    rows = Payment.objects.filter(user=user_id, reference=reference[:32])
    payment = rows.first()
    if payment is None:
        return ""
    if payment.paid_at:
        return _added(payment.credits)
    if payment.ended_at:
        return _("This payment has ended without being paid.")
    return _(
        "The payment is not confirmed yet. Once it is, your credits are added: load "
        "this page again in a moment."
    )


def _added(count: int) -> str:
    text = ngettext("%(n)d credit was added.", "%(n)d credits were added.", count)
    return text % {"n": count}
