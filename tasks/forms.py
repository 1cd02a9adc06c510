"""Forms of the admin."""

from __future__ import annotations

from typing import Final

from accounts.secret_forms import SecretForm, removal_field, secret_field
from tasks.models import SETTINGS_SECRETS, DrawingSettings

# The part of the drawing settings that says who translates.
TRANSLATION: Final = (
    "translator",
    "translator_url",
    "translator_timeout",
    "baidu_app_id",
    "new_baidu_secret",
    "remove_baidu_secret",
    "new_gpt_key",
    "remove_gpt_key",
    "gpt_model",
    "gpt_max_tokens",
    "gpt_temperature",
)


class DrawingSettingsForm(SecretForm[DrawingSettings]):
    """What holds for all drawings. The admin adds the fields that are no secrets."""

    secrets = SETTINGS_SECRETS

    new_baidu_secret = secret_field("Baidu secret")
    remove_baidu_secret = removal_field("Remove the Baidu secret")
    new_gpt_key = secret_field("GPT key")
    remove_gpt_key = removal_field("Remove the GPT key")
