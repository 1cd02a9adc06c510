"""Bookings in the admin, and actions that add credits and take them away."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts.credits import ledger
from accounts.enums import BookingKind
from accounts.exceptions import AccountsError
from accounts.limits import meter
from accounts.models import Booking, User
from accounts.models.credits.bookings import MOST_CREDITS
from mjproxy.lib.admin.id_pages import IdPages
from mjproxy.lib.admin.theme import ModelAdmin, ReadOnly, badge

_COLOURS: Final = {
    BookingKind.RESERVE: "info",
    BookingKind.SETTLE: "",
    BookingKind.RETURN: "warning",
    BookingKind.ADD: "success",
    BookingKind.TAKE: "danger",
    BookingKind.CODE: "success",
    BookingKind.PAYMENT: "success",
    BookingKind.REFUND: "danger",
}


@admin.register(Booking)
class BookingAdmin(IdPages[Booking], ReadOnly[Booking]):
    list_display = ("at", "user", "what", "amount", "task", "note", "by")
    list_filter = ("kind", "at")
    list_select_related = ("user",)
    search_fields = ("user__username", "=task")
    search_help_text = "Name of the user, or id of the task"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        return super().get_queryset(request).defer("user__webhook_secret")

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        own = lookup == "user__id__exact"
        return own or super().lookup_allowed(lookup, value, request)

    @badge("What", _COLOURS, ordering="kind")
    def what(self, row: Booking) -> tuple[str, str]:
        return row.kind, BookingKind(row.kind).label.partition(",")[0]


def balance_of(user: User) -> SafeString:
    """Return the credits of a user, with a link to their bookings."""
    address = (
        f"{reverse('admin:accounts_booking_changelist')}?user__id__exact={user.pk}"
    )
    link = '{} <a class="dash-link" href="{}">Bookings</a>'
    return format_html(link, meter.balance(user.pk), address)


class CreditsForm(forms.Form):
    """An amount of credits, and why."""

    amount = forms.IntegerField(
        min_value=1,
        max_value=MOST_CREDITS,
        help_text="For each of the users.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    note = forms.CharField(
        max_length=400,
        help_text="Users see it in their statement.",
        widget=UnfoldAdminTextInputWidget,
    )
    # Names this form, so that a double click books once.
    form = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class CreditActions(ModelAdmin[User]):
    """Adds the actions for credits to the admin of users."""

    actions: tuple[str, ...] = ("add_credits", "take_credits")

    @admin.action(description="Add credits…", permissions=["change"])
    def add_credits(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> TemplateResponse | None:
        return self._book(request, queryset, "Add credits", ledger.add)

    @admin.action(description="Take credits away…", permissions=["change"])
    def take_credits(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> TemplateResponse | None:
        return self._book(request, queryset, "Take credits away", ledger.take)

    def _book(
        self,
        request: HttpRequest,
        users: QuerySet[User],
        title: str,
        book: Callable[..., None],
    ) -> TemplateResponse | None:
        """Ask for amount and note, then book for all users or for none."""
        applied = "apply" in request.POST
        form = CreditsForm(request.POST if applied else None)
        ids = list(users.order_by("pk").values_list("pk", flat=True))
        if applied and form.is_valid():
            by = request.user.get_username()
            try:
                with transaction.atomic():
                    for pk in ids:
                        book(pk, by=by, **form.cleaned_data)
            except ledger.BookedBefore:
                text = f"{title}: this form was sent before, nothing more was booked."
                self.message_user(request, text, messages.WARNING)
                return None
            except AccountsError as exc:
                form.add_error(None, f"Nothing was changed: {exc}")
            else:
                text = f"{title}: done for {len(ids)} user(s)."
                self.message_user(request, text, messages.SUCCESS)
                return None
        return self._ask(request, form, title, ids)

    def _ask(
        self, request: HttpRequest, form: CreditsForm, title: str, ids: list[int]
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + form.media,
            "title": title,
            "form": form,
            "count": len(ids),
            "hidden": [
                ("action", request.POST.get("action", "")),
                *((ACTION_CHECKBOX_NAME, pk) for pk in ids),
            ],
        }
        return TemplateResponse(request, "accounts/credits.html", context)
