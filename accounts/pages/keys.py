"""My keys: make them, see them, revoke them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.enums import KeyScope
from accounts.exceptions import AccountsError
from accounts.models import ApiKey
from accounts.pages.own import own_page, render_own, said
from accounts.people.callers import Asker
from accounts.people.own_keys import (
    NewKey,
    create_own_key,
    may_make_keys,
    revoke_own_key,
    scopes_for,
)
from mjproxy.lib.validators.networks import networks_in

LAST_YEAR: Final = 2999
_WORDS: Final = {
    KeyScope.DRAW: _("Draw: submit, press buttons, cancel"),
    KeyScope.READ: _("Read: drawings and pictures"),
    KeyScope.ACCOUNT: _("Account: keys, usage, webhooks, data"),
    KeyScope.ADMIN: _("Admin: all that an operator may do"),
}


class KeyForm(forms.Form):
    """A new key, as a user enters it."""

    name = forms.CharField(max_length=80, required=False)
    scopes = forms.MultipleChoiceField()
    last_day = forms.DateField(required=False)
    addresses = forms.CharField(max_length=5000, required=False)
    drawings_a_day = forms.IntegerField(min_value=1, required=False)
    drawings_in_total = forms.IntegerField(min_value=1, required=False)

    def __init__(self, data: Any, scopes: list[KeyScope]) -> None:
        super().__init__(data, initial={"scopes": [KeyScope.DRAW, KeyScope.READ]})
        field: Any = self.fields["scopes"]
        field.choices = [(scope.value, _WORDS[scope]) for scope in scopes]

    def clean_addresses(self) -> list[str]:
        try:
            return networks_in(self.cleaned_data["addresses"])
        except ValueError as exc:
            raise ValidationError(_("Enter IP addresses or networks.")) from exc

    def clean_last_day(self) -> date | None:
        day: date | None = self.cleaned_data["last_day"]
        if day and day.year > LAST_YEAR:
            raise ValidationError(_("That is too far away."))
        return day

    def wanted(self) -> NewKey:
        data = self.cleaned_data
        return NewKey(
            name=data["name"].strip(),
            scopes=data["scopes"],
            expires_at=_end_of(data["last_day"]),
            allowed_addresses=data["addresses"],
            drawings_a_day=data["drawings_a_day"],
            drawings_in_total=data["drawings_in_total"],
        )


def _end_of(day: date | None) -> datetime | None:
    """Return the midnight after a day here."""
    if day is None:
        return None
    after = day + timedelta(days=1)
    return datetime.combine(after, time(), tzinfo=timezone.get_current_timezone())


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def keys(request: HttpRequest, asker: Asker) -> HttpResponse:
    """Show the keys; on POST make one, and show it in this answer alone."""
    scopes = scopes_for(asker)
    if request.method != "POST":
        return _page(request, asker, KeyForm(None, scopes))
    form = KeyForm(request.POST, scopes)
    if not form.is_valid():
        return _page(request, asker, form, status=400)
    try:
        key = create_own_key(asker, form.wanted())
    except AccountsError as exc:
        form.add_error(None, said(exc))
        return _page(request, asker, form, status=400)
    return _page(request, asker, KeyForm(None, scopes), made=key)


@require_POST
@own_page
def revoke_key(request: HttpRequest, asker: Asker, key_id: int) -> HttpResponse:
    revoke_own_key(asker, key_id)
    return redirect("my-keys")


def _page(
    request: HttpRequest,
    asker: Asker,
    form: KeyForm,
    *,
    made: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = ApiKey.objects.filter(owner=asker.user.pk).order_by("-is_active", "-pk")
    now = timezone.now()
    shown = [
        {"row": row, "has_ended": bool(row.expires_at and row.expires_at <= now)}
        for row in rows[:200]
    ]
    context = {
        "here": "keys",
        "keys": shown,
        "form": form,
        "chosen": form["scopes"].value(),
        "made": made,
        "may_make": may_make_keys(asker),
        "own": asker.key.id if asker.key else None,
        "today": timezone.localdate(),
    }
    return render_own(request, "me/keys.html", context, status=status)
