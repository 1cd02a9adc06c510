"""Packages, payments and payment services in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from solo.admin import SingletonModelAdmin

from accounts.models import CreditPackage, Payment, PaymentSettings
from accounts.models.credits.payments import PAYMENT_SECRETS, in_words
from mjproxy.lib.admin.id_pages import IdPages
from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin, ReadOnly, badge


@admin.register(CreditPackage)
class CreditPackageAdmin(ModelAdmin[CreditPackage]):
    list_display = ("name", "credits", "price_in_words", "is_on", "sort")
    list_filter = ("is_on", "currency")


@admin.register(Payment)
class PaymentAdmin(IdPages[Payment], ReadOnly[Payment]):
    list_display = (
        "opened_at",
        "user",
        "package",
        "credits",
        "price_in_words",
        "state",
        "paid_at",
        "refunds",
        "way",
        "reference",
        "problem",
    )
    list_filter = ("way", "currency", "opened_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "=reference", "=outside_id")
    search_help_text = "Name of the user, reference, or id at the service"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        return super().get_queryset(request).defer("user__webhook_secret")

    @badge(
        "State",
        {
            "open": "info",
            "paid": "success",
            "refunded": "warning",
            "disputed": "danger",
            "ended": "warning",
            "problem": "danger",
        },
    )
    def state(self, row: Payment) -> tuple[str, str]:
        if row.disputed_at:
            return "disputed", "Disputed"
        if row.paid_at:
            return ("refunded", "Refunded") if row.refunded else ("paid", "Paid")
        if row.problem:
            return "problem", "Problem"
        return ("ended", "Unpaid") if row.ended_at else ("open", "Open")

    @admin.display(description="Refunded")
    def refunds(self, row: Payment) -> str:
        return in_words(row.refunded, row.currency) if row.refunded else ""


class PaymentSettingsForm(SecretForm[PaymentSettings]):
    secrets = PAYMENT_SECRETS

    new_stripe_secret_key = secret_field("Secret key of Stripe (sk_… or rk_…)")
    remove_stripe_secret_key = removal_field("Remove the secret key")
    new_stripe_webhook_secret = secret_field("Signing secret of the webhook (whsec_…)")
    remove_stripe_webhook_secret = removal_field("Remove the signing secret")

    def clean(self) -> dict[str, Any]:
        """Refuse a service that is on without its keys."""
        data = super().clean()
        if data.get("stripe_is_on") and not all(map(self.stored, PAYMENT_SECRETS)):
            self.add_error("stripe_is_on", "Both keys are needed.")
        return data


@admin.register(PaymentSettings)
class PaymentSettingsAdmin(SingletonModelAdmin, ModelAdmin[PaymentSettings]):
    form = PaymentSettingsForm
    exclude: ClassVar = PAYMENT_SECRETS
    change_form_template = ""  # the theme's
