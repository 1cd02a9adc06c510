"""The audit log in the admin: read-only, filtered, exported; and its settings."""

from __future__ import annotations

from datetime import UTC
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.audit.export import as_csv
from accounts.models import AuditEntry
from mjproxy.lib.admin.id_pages import IdPages
from mjproxy.lib.admin.theme import ReadOnly
from mjproxy.lib.web.csv_answer import csv_answer

_IN_LIST: Final = 3  # changes shown in the list
_LETTERS: Final = 80  # of each of them


@admin.register(AuditEntry)
class AuditEntryAdmin(IdPages[AuditEntry], ReadOnly[AuditEntry]):
    list_display = ("when", "actor", "action", "kind", "name", "changed", "origin")
    list_filter = ("actor", "action", "kind", "at")
    list_before_template = "accounts/audit_export.html"
    search_fields = ("actor", "name", "=object_id", "=origin")
    search_help_text = "Name of the operator or the object, id, or address"
    fields: ClassVar = [
        *("when", "actor", "user_id", "origin"),
        *("action", "kind", "object_id", "name", "all_changes"),
    ]

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        own = lookup == "object_id"
        return own or super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.export))
        own = path("export/", view, name="accounts_auditentry_export")
        return [own, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send the entries that the filters and the search of the list find."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_changelist_instance(request).queryset
        name = f"audit-{timezone.localdate()}.csv"
        return csv_answer(request, as_csv(found), name)

    @admin.display(description="When (UTC)")
    def when(self, entry: AuditEntry) -> str:
        return f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Changes")
    def changed(self, entry: AuditEntry) -> str:
        lines = entry.lines()
        shown = [_short(*line) for line in lines[:_IN_LIST]]
        more = len(lines) - len(shown)
        return "; ".join([*shown, f"{more} more"] if more else shown)

    @admin.display(description="Changes")
    def all_changes(self, entry: AuditEntry) -> SafeString:
        row = "<li><b>{}</b>: {} → {}</li>"
        rows = ((field, old or "–", new or "–") for field, old, new in entry.lines())
        return format_html("<ul>{}</ul>", format_html_join("", row, rows))


def _short(field: str, old: str, new: str) -> str:
    """Return a change in a few words; a fact or a secret has no old value."""
    values = [value[:_LETTERS] or "–" for value in (old, new)]
    return f"{field}: {values[1]}" if not old else f"{field}: {' → '.join(values)}"
