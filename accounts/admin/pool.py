"""Pool settings and subjects in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from solo.admin import SingletonModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.editing.pool import delete_tag, save_settings, save_tag
from accounts.models import DomainTag, PoolSettings
from accounts.models.tags import keywords_of
from mjproxy.lib.admin.theme import ModelAdmin


class KeywordsField(forms.CharField):
    """Words that are typed or pasted, between commas or line ends."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return keywords_of([super().clean(value)])


class DomainTagForm(forms.ModelForm[DomainTag]):
    keywords = KeywordsField(
        required=False, help_text="Separated by commas; plurals match too."
    )

    class Meta:
        model = DomainTag
        fields: ClassVar = ["name", "keywords", "enabled", "sort", "description"]


@admin.register(DomainTag)
class DomainTagAdmin(ModelAdmin[DomainTag]):
    form = DomainTagForm
    list_display = ("name", "enabled", "words", "sort")
    list_editable = ("enabled",)
    list_filter = ("enabled",)
    search_fields = ("name", "description")

    def save_model(
        self,
        request: HttpRequest,
        obj: DomainTag,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        save_tag(obj)

    def delete_model(self, request: HttpRequest, obj: DomainTag) -> None:
        delete_tag(obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[DomainTag]
    ) -> None:
        for tag in queryset:
            delete_tag(tag)

    @admin.display(description="Keywords")
    def words(self, tag: DomainTag) -> str:
        return ", ".join(tag.keywords)[:100]


@admin.register(PoolSettings)
class PoolSettingsAdmin(SingletonModelAdmin, ModelAdmin[PoolSettings]):
    change_form_template = ""  # the theme's

    def save_model(
        self,
        request: HttpRequest,
        obj: PoolSettings,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        save_settings(obj)
