"""The drawing settings in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from solo.admin import SingletonModelAdmin

from mjproxy.lib.admin.theme import ModelAdmin
from tasks.admin.forms import DrawingSettingsForm
from tasks.models import SETTINGS_SECRETS, DrawingSettings
from tasks.webhooks.signing import hook_secret


@admin.register(DrawingSettings)
class DrawingSettingsAdmin(SingletonModelAdmin, ModelAdmin[DrawingSettings]):
    form = DrawingSettingsForm
    exclude = SETTINGS_SECRETS
    change_form_template = ""  # the theme's

    def save_model(
        self,
        request: HttpRequest,
        obj: DrawingSettings,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        super().save_model(request, obj, form, change)
        renew = form.cleaned_data["renew_hook_secret"]
        if renew or (obj.notify_hook and not form.stored("hook_secret")):
            text = "The secret of the hook, shown only now: <code>{}</code>"
            secret = hook_secret(renew=True)
            self.message_user(request, format_html(text, secret))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = self.get_fields(request, obj)
        hook = ["notify_hook", "renew_hook_secret"]
        others = [name for name in fields if name not in hook]
        return [(None, {"fields": hook + others})]
