"""API keys in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.enums import KeyScope
from accounts.models import ApiKey
from accounts.people import passes
from accounts.people.keys import create_key, digest
from mjproxy.lib.admin.theme import ModelAdmin, badge
from mjproxy.lib.validators.networks import networks_in

_COLOURS = {"good": "success", "expired": "warning", "revoked": "danger"}


class KeyForm(forms.ModelForm[ApiKey]):
    scopes = forms.MultipleChoiceField(
        choices=KeyScope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(KeyScope.values),
        help_text="A key never gives more than its owner has.",
    )
    allowed_addresses = forms.CharField(
        required=False,
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="Addresses or networks such as 192.0.2.0/24. Empty: any.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["allowed_addresses"] = "\n".join(self.instance.allowed_addresses)

    def clean_allowed_addresses(self) -> list[str]:
        try:
            return networks_in(self.cleaned_data["allowed_addresses"])
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin[ApiKey]):
    form = KeyForm
    list_display = (
        "name_or_prefix",
        "owner",
        "prefix",
        "standing",
        "good_for",
        "expires_at",
        "last_used_at",
        "created_at",
    )
    list_filter = ("is_active",)
    list_select_related = ("owner",)
    search_fields = ("name", "prefix", "owner__username")
    autocomplete_fields = ("owner",)
    actions = ("revoke",)
    _edited: ClassVar = [
        "scopes",
        "expires_at",
        "allowed_addresses",
        "drawings_a_day",
        "drawings_in_total",
    ]
    _shown: ClassVar = ["prefix", "created_at", "last_used_at"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ["owner", "name", *self._edited]
        return ["owner", "name", "is_active", *self._edited, *self._shown]

    def get_readonly_fields(
        self, request: HttpRequest, obj: ApiKey | None = None
    ) -> Any:
        return [] if obj is None else ["owner", *self._shown]

    def save_model(
        self,
        request: HttpRequest,
        obj: ApiKey,
        form: forms.ModelForm[ApiKey],
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        if change:
            passes.save_key(obj)
            return
        fields = {name: getattr(obj, name) for name in self._edited}
        key = create_key(obj.owner, name=obj.name, **fields)
        obj.pk = ApiKey.objects.values_list("pk", flat=True).get(digest=digest(key))
        obj.refresh_from_db()
        text = "The key of {}, shown only now: <code>{}</code>"
        self.message_user(request, format_html(text, obj.owner.get_username(), key))

    @admin.display(description="Key", ordering="name")
    def name_or_prefix(self, key: ApiKey) -> str:
        return key.name or f"{key.prefix}…"

    @badge("State", _COLOURS)
    def standing(self, key: ApiKey) -> tuple[str, str]:
        if not key.is_active:
            return "revoked", "Revoked"
        if key.expires_at and key.expires_at <= timezone.now():
            return "expired", "Expired"
        return "good", "Good"

    @admin.display(description="Scopes")
    def good_for(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = passes.revoke(queryset)
        self.message_user(request, f"{count} key(s) revoked.")

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        passes.delete_keys(ApiKey.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        passes.delete_keys(queryset)
