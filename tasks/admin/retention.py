"""Retention in the admin: its settings, and a page that shows what would go.

The row belongs to accounts. The page counts tasks too, so it is here.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from solo.admin import SingletonModelAdmin

from accounts.models import RetentionSettings
from mjproxy.lib.admin.theme import ModelAdmin
from tasks.cleanup.retention import all_lots

_PAGE: Final = "accounts_retention_now"


@admin.register(RetentionSettings)
class RetentionSettingsAdmin(SingletonModelAdmin, ModelAdmin[RetentionSettings]):
    change_form_template = ""  # the theme's
    readonly_fields = ("what_goes",)
    fieldsets: ClassVar = [
        (
            "Tasks and pictures",
            {
                "fields": (
                    *("what_goes", "task_days", "task_count"),
                    *("picture_days", "preview_hours"),
                ),
                "description": "A group of users may have days of its own.",
            },
        ),
        ("Logs", {"fields": ("call_days", "event_days", "mail_days", "audit_days")}),
    ]

    @admin.display(description="Now")
    def what_goes(self, row: RetentionSettings) -> SafeString:
        """Link to the page that shows what would go."""
        text = '<a href="{}">Show what would go now</a>'
        return format_html(text, reverse(f"admin:{_PAGE}"))

    def get_urls(self) -> list[URLPattern]:
        page = path("now/", self.admin_site.admin_view(self.now), name=_PAGE)
        return [page, *super().get_urls()]

    def now(self, request: HttpRequest) -> HttpResponse:
        """Show how much the saved settings would remove now. Removes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "What would go now",
            "opts": self.opts,
            "lots": [(lot.name, lot.count()) for lot in all_lots()],
        }
        return TemplateResponse(request, "tasks/retention.html", context)
