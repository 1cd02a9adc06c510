"""AuditedAdmin: admin pages whose changes go to the audit log.

Actions call services, which record by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from mjproxy.lib.audit.records import audited, log, made, recorded, watch

if TYPE_CHECKING:  # the theme has no types; its classes extend Django's
    from django.contrib.admin import ModelAdmin as ThemeAdmin
else:
    from unfold.admin import ModelAdmin as ThemeAdmin

M = TypeVar("M", bound=Model)


class AuditedAdmin(ThemeAdmin[M]):
    """Records what forms change, and links each row to its entries."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        with recorded():
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST" or "_save" not in request.POST:
            return super().changelist_view(request, *args, **kwargs)
        with recorded():  # fields that are edited in the list
            return super().changelist_view(request, *args, **kwargs)

    def save_form(
        self,
        request: HttpRequest,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> Any:
        if change:
            watch(form.instance)
        return super().save_form(request, form, change)

    # --- Django's own log, which this one replaces ------------------------------------

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> Any:
        made(obj)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> Any:
        return None  # the row is watched

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None  # it is not deleted yet

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        _delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        _delete(queryset)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return HttpResponseRedirect(log().address_of(self.model, object_id))


@audited
def _delete(rows: Model | QuerySet[Any]) -> None:
    rows.delete()
