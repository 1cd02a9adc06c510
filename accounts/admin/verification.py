"""Settings of the operator's verification server, in the admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from solo.admin import SingletonModelAdmin

from accounts.models import VerificationSettings
from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin


class VerificationSettingsForm(SecretForm[VerificationSettings]):
    """The operator's verification server and the shared secret."""

    secrets = ("secret",)

    new_secret = secret_field("Secret")
    remove_secret = removal_field("Remove the secret")

    class Meta:
        model = VerificationSettings
        exclude = ("secret",)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("server_url"):
            return data
        if not self.stored("secret"):
            self.add_error("new_secret", "A server needs a secret.")
        if not (data.get("notify_base") or settings.PUBLIC_URL):
            self.add_error("notify_base", "The server must know where to report.")
        return data


@admin.register(VerificationSettings)
class VerificationSettingsAdmin(SingletonModelAdmin, ModelAdmin[VerificationSettings]):
    form = VerificationSettingsForm
    change_form_template = ""  # the theme's
