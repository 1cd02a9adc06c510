"""The face swap settings in the admin."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from solo.admin import SingletonModelAdmin

from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin
from tasks.models import SWAP_SECRETS, SwapSettings


class SwapSettingsForm(SecretForm[SwapSettings]):
    """The settings. The admin adds the fields that are not secret."""

    secrets = SWAP_SECRETS

    new_token = secret_field("Token")
    remove_token = removal_field("Remove the token")


@admin.register(SwapSettings)
class SwapSettingsAdmin(SingletonModelAdmin, ModelAdmin[SwapSettings]):
    form = SwapSettingsForm
    exclude = SWAP_SECRETS
    change_form_template = ""  # the theme's
    fieldsets: ClassVar = [
        (None, {"fields": ("enabled", "video_enabled", "reason")}),
        (
            "The provider",
            {
                "fields": ("url", "new_token", "remove_token", "max_bytes"),
                "description": "Replicate, or a service with the same API. Each swap "
                "costs money there.",
            },
        ),
        (
            "Pictures",
            {"fields": ("version", "core_size", "queue_size", "timeout_minutes")},
        ),
        (
            "Videos",
            {
                "fields": (
                    *("video_version", "video_core_size", "video_queue_size"),
                    "video_timeout_minutes",
                )
            },
        ),
        ("Webhook of the provider", {"fields": ("webhook", "webhook_events")}),
    ]
