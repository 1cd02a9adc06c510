"""Groups of users in the admin, and the fields of limits that users have too."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.enums import SpeedMode
from accounts.limits import meter
from accounts.models import User, UserGroup
from accounts.models.limits import BOTS
from accounts.people import addresses
from accounts.people.operators import LastOperator, check_another
from mjproxy.lib.admin.theme import ModelAdmin

_NUMBERS: Final = ("drawings_a_day", "drawings_a_month", "drawings_in_total")
_AT_ONCE: Final = ("running_at_once", "waiting_at_once")
LIMITS: Final = (*_NUMBERS, *_AT_ONCE, "speeds", "bots", "may_swap_faces")
EXPLAINED: Final = (
    "0: no limit. A user's empty field takes the group's value; nothing ticked: all "
    "that the group allows."
)


class LimitsForm(forms.ModelForm[Any]):
    """The lists of a group's or a user's limits."""

    speeds = forms.MultipleChoiceField(
        choices=SpeedMode.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Nothing ticked: all.",
    )
    bots = forms.MultipleChoiceField(
        choices=[(bot.value, bot.label) for bot in BOTS],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Nothing ticked: all.",
    )


class UserForm(LimitsForm, UserChangeForm):
    """A user, with limits."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if "email" in self.changed_data and addresses.is_taken(email, self.instance):
            raise forms.ValidationError("Another user has this address.")
        return email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        rights = ("is_staff", "is_active")
        was, will_be = (
            all(facts.get(name) for name in rights) for facts in (self.initial, cleaned)
        )
        if was and not will_be:
            try:
                check_another(self.instance)
            except LastOperator as exc:
                raise forms.ValidationError(exc.en) from exc
        return cleaned


@admin.register(UserGroup)
class UserGroupAdmin(ModelAdmin[UserGroup]):
    form = LimitsForm
    list_display = ("name", "priority", *_NUMBERS, *_AT_ONCE, "members", "note")
    search_fields = ("name", "note")
    fieldsets: ClassVar = [
        (None, {"fields": ("name", "note", "priority")}),
        ("Limits", {"fields": LIMITS, "description": EXPLAINED}),
        ("What is kept", {"fields": ("keep_tasks_days", "keep_pictures_days")}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserGroup]:
        return super().get_queryset(request).annotate(members=Count("users"))

    @admin.display(description="Users", ordering="members")
    def members(self, group: Any) -> int:
        return int(group.members)


def drawings_of(user: User) -> str:
    """Return what a user has drawn, in words."""
    drawn = meter.drawn(user.pk, timezone.localdate())
    return (
        f"{drawn.of_day} today, {drawn.of_month} this month, {drawn.in_total} in total"
    )
