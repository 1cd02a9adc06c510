"""Protection in the admin: its rules, live counters, blocks and lockouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from redis.exceptions import RedisError
from solo.admin import SingletonModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import Lockout, ProtectionSettings
from accounts.models.protection import check_refusal_rules
from accounts.people.callers import client_ip
from accounts.protection import counters
from accounts.protection.lockouts import unlock
from accounts.protection.places import Networks, place_of
from mjproxy.lib.admin.theme import ModelAdmin, ReadOnly
from mjproxy.lib.audit.records import note
from mjproxy.lib.validators.networks import networks_in
from mjproxy.lib.validators.path_rules import rules_in, text_of

_SIZES: Final = ("address", "near", "wide")
_LISTS: Final = ("white", "black")
_COUNTERS_SHOWN: Final = 50
_PAGE: Final = "admin:accounts_protection_now"
EXPLAINED: Final = (
    "One pattern a line, then its limits as seconds:requests, for instance "
    "*/mj/submit/* 3:1 60:6. *x* is any part of a path, x* its begin, *x its end. "
    "Operators and trusted users are not counted."
)


class TextField(forms.CharField):
    """A value that people write as lines."""

    widget = UnfoldAdminTextareaWidget

    def __init__(
        self, read: Callable[[str], Any], write: Callable[[Any], str], label: str
    ) -> None:
        self.read, self.write = read, write
        super().__init__(required=False, label=label)
        self.widget.attrs |= {"rows": 4, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else self.write(value or self.read(""))

    def to_python(self, value: Any) -> Any:
        try:
            return self.read(super().to_python(value) or "")
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


def _refusals_in(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in text.split():
        count, _, minutes = word.partition(":")
        is_number = minutes.isascii() and minutes.isdigit() and len(minutes) <= 9
        if not is_number or count in found:
            raise ValidationError(f"{word[:20]} is not refusals:minutes, once each.")
        found[count] = int(minutes)
    check_refusal_rules(found)
    return found


def _refusals_text(refusals: dict[str, int]) -> str:
    return " ".join(f"{count}:{minutes}" for count, minutes in refusals.items())


class ProtectionForm(forms.ModelForm[ProtectionSettings]):
    """The settings, with rules and lists as lines."""

    address: str | None = None  # of the operator who fills it in

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "refusals"
        ].help_text = (
            "Refused drawings of a day and minutes, for instance 5:60 10:1440."
        )

    def clean(self) -> dict[str, Any]:
        """Refuse settings that shut out the operator who makes them."""
        data = super().clean() or self.cleaned_data
        for stage in ("limits", "blocks"):
            black = data.get(f"{stage}_black")
            if not (data.get(f"{stage}_on") and black and self.address):
                continue
            if Networks(black).cover(place_of(self.address)):
                text = f"Your own address, {self.address}, is on this list."
                self.add_error(f"{stage}_black", text)
        return data


def _text_field(name: str) -> TextField:
    field: Any = ProtectionSettings._meta.get_field(name)
    label = str(field.verbose_name)
    label = label[0].upper() + label[1:]
    if name == "refusals":
        return TextField(_refusals_in, _refusals_text, label)
    if name.endswith(_LISTS):
        return TextField(networks_in, "\n".join, label)
    return TextField(rules_in, text_of, label)


def _names(stage: str) -> tuple[str, ...]:
    return tuple(f"{stage}_{each}" for each in (*_SIZES, *_LISTS))


_TEXTS: Final = (*_names("limits"), *_names("blocks"), "refusals")


@admin.register(ProtectionSettings)
class ProtectionSettingsAdmin(SingletonModelAdmin, ModelAdmin[ProtectionSettings]):
    change_form_template = ""  # the theme's
    form = ProtectionForm
    fieldsets: ClassVar = [
        (
            "Limits of requests (429)",
            {"fields": ("limits_on", *_names("limits")), "description": EXPLAINED},
        ),
        (
            "Blocks of addresses (403)",
            {"fields": ("blocks_on", "block_minutes", *_names("blocks"))},
        ),
        ("Refused prompts", {"fields": ("refusals_on", "refusals")}),
    ]

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in _TEXTS:
            return _text_field(db_field.name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        made: Any = super().get_form(request, *args, **kwargs)
        made.address = client_ip(request)
        return made

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "now/",
            self.admin_site.admin_view(self.now),
            name="accounts_protection_now",
        )
        return [page, *super().get_urls()]

    def now(self, request: HttpRequest) -> HttpResponse:
        """Show counters and blocks as they are; a POST ends a block."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._unblock(request, request.POST.get("address", ""))
            return HttpResponseRedirect(reverse(_PAGE))
        context = {
            **self.admin_site.each_context(request),
            "title": "Protection now",
            "opts": self.model._meta,
            "own_address": client_ip(request),
            **_now(),
        }
        return TemplateResponse(request, "accounts/protection_now.html", context)

    def _unblock(self, request: HttpRequest, address: str) -> None:
        try:
            was_blocked = counters.unblock(address)
            note("unblock", address)
        except ValueError:
            text, level = f"{address[:80]} is no IP address.", messages.ERROR
        except RedisError:
            text, level = "Redis does not answer.", messages.ERROR
        else:
            is_was = "is unblocked" if was_blocked else "was not blocked"
            text, level = f"{address} {is_was}.", messages.SUCCESS
        self.message_user(request, text, level)


def _now() -> dict[str, object]:
    try:
        return {
            "blocks": counters.blocks(),
            "counters": counters.fullest(_COUNTERS_SHOWN),
        }
    except RedisError:
        return {"is_away": True}


@admin.register(Lockout)
class LockoutAdmin(ReadOnly[Lockout]):
    """Read-only, but they can be ended."""

    list_display = ("who", "refusals", "since", "until")
    list_select_related = ("user",)
    search_fields = ("user__username", "address")
    ordering = ("-until",)
    actions = ("end",)

    @admin.display(description="User or address", ordering="user__username")
    def who(self, lockout: Lockout) -> str:
        return str(lockout.user or lockout.address)

    @admin.action(description="End")
    def end(self, request: HttpRequest, queryset: QuerySet[Lockout]) -> None:
        self.message_user(request, f"{unlock(queryset)} lockout(s) ended.")
