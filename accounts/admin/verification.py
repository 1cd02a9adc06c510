"""Settings of the operator's verification server, in the admin."""

from __future__ import annotations

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


@admin.register(VerificationSettings)
class VerificationSettingsAdmin(SingletonModelAdmin, ModelAdmin[VerificationSettings]):
    form = VerificationSettingsForm
    change_form_template = ""  # the theme's
