"""Codes to redeem in the admin: a batch is made, and its codes are exported once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.credits.codes import as_csv, make_batch, save_batch
from accounts.models import RedeemBatch
from mjproxy.lib.admin.theme import ModelAdmin


@admin.register(RedeemBatch)
class RedeemBatchAdmin(ModelAdmin[RedeemBatch]):
    list_display = (
        "id",
        "credits",
        "size",
        "redeemed",
        "expires_at",
        "is_on",
        "note",
        "made_by",
        "created_at",
    )
    list_filter = ("is_on",)
    search_fields = ("note",)
    fields = ("credits", "size", "note", "expires_at", "is_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RedeemBatch]:
        return super().get_queryset(request).annotate(used=Count("codes__used_at"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("credits", "size") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # bookings name it; a batch is turned off instead

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        if change:
            save_batch(obj)
        else:
            obj.made = make_batch(obj, by=request.user.get_username())

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Send the codes as a file: they cannot be shown again."""
        text = as_csv(obj, obj.made)
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="codes-{obj.pk}.csv"'
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description="Redeemed", ordering="used")
    def redeemed(self, batch: Any) -> int:
        return int(batch.used)
