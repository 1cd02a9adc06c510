"""Forms of the admin. What is secret goes in and never comes out."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanWidget

from accounts.crypto import UndecryptableSecret
from accounts.models import DiscordAccount

SECRETS: Final = ("user_token", "bot_token", "proxy_url")
_LABELS: Final = {
    "user_token": "User token",
    "bot_token": "Bot token",
    "proxy_url": "Proxy",
}


def _secret_field(name: str) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(
        attrs={"autocomplete": "new-password", "spellcheck": "false"}
    )
    return forms.CharField(
        label=_LABELS[name], required=False, widget=widget, max_length=4000
    )


def _removal_field(name: str) -> forms.BooleanField:
    label = f"Remove the {_LABELS[name].lower()}"
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanWidget())


class AccountForm(forms.ModelForm[DiscordAccount]):
    """An account; a secret that is left empty stays as it is."""

    new_user_token = _secret_field("user_token")
    new_bot_token = _secret_field("bot_token")
    new_proxy_url = _secret_field("proxy_url")
    remove_bot_token = _removal_field("bot_token")
    remove_proxy_url = _removal_field("proxy_url")

    class Meta:
        model = DiscordAccount
        exclude = SECRETS  # noqa: DJ006 - the admin names the fields
        labels: ClassVar = {"guild_id": "Server id", "channel_id": "Channel id"}
        help_texts: ClassVar = {
            "guild_id": "The first number in the address of the channel in Discord: "
            "discord.com/channels/SERVER/CHANNEL.",
            "channel_id": "The second number. The account must be able to write there.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SECRETS:
            if field := self.fields.get(f"new_{name}"):
                field.help_text = self._standing(name)
        if self._is_new and "new_user_token" in self.fields:
            self.fields["new_user_token"].required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in SECRETS:
            if value := data.get(f"new_{name}", "").strip():
                setattr(self.instance, name, value)
            elif data.get(f"remove_{name}"):
                setattr(self.instance, name, "")
        low, high = data.get("after_interval_min"), data.get("after_interval_max")
        if low is not None and high is not None and low > high:
            self.add_error("after_interval_max", "Not below the shortest pause.")
        if not self._is_new and self._stored("user_token") is None:
            self.add_error("new_user_token", "Enter the token again.")
        return data

    @property
    def _is_new(self) -> bool:
        return self.instance._state.adding

    def _standing(self, name: str) -> str:
        if self._is_new:
            return "Kept encrypted, never shown again."
        match self._stored(name):
            case None:
                return "The stored one fits no encryption key: enter it again."
            case False:
                return "None is stored."
        return "One is stored. Leave empty to keep it."

    def _stored(self, name: str) -> bool | None:
        """Tell whether a secret is stored; None where it cannot be decrypted."""
        try:
            return bool(getattr(self.instance, name))
        except UndecryptableSecret:
            return None
