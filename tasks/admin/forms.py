"""Form of the drawing settings."""

from __future__ import annotations

from mjproxy.lib.admin.secret_forms import SecretForm, removal_field
from tasks.models import SETTINGS_SECRETS, DrawingSettings


class DrawingSettingsForm(SecretForm[DrawingSettings]):
    """The drawing settings. The admin adds the fields that are not secret."""

    secrets = SETTINGS_SECRETS

    renew_hook_secret = removal_field("Make a new secret for the hook")
