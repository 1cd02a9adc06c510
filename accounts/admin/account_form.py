"""AccountForm: the admin's form of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.editing import sub_channels
from accounts.editing.sub_channels import Lines
from accounts.enums import SpeedMode
from accounts.models import DiscordAccount
from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field


class AccountForm(SecretForm[DiscordAccount]):
    """An account with its secrets and further channels."""

    secrets = DiscordAccount.SECRETS

    new_user_token = secret_field("User token")
    new_bot_token = secret_field("Bot token")
    new_proxy_url = secret_field("Proxy")
    remove_bot_token = removal_field("Remove the bot token")
    remove_proxy_url = removal_field("Remove the proxy")
    allow_modes = forms.MultipleChoiceField(
        label="Allowed speeds",
        choices=SpeedMode.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Nothing ticked: all.",
    )

    sub_channels = forms.CharField(
        label="Sub-channels",
        required=False,
        max_length=40_000,
        widget=UnfoldAdminTextareaWidget,
        help_text="Further channels whose buttons it may press, one link a line: "
        "https://discord.com/channels/SERVER/CHANNEL. A line may have a note.",
    )
    # Errors that Discord reported, by field; asked before the form is cleaned.
    wrong: ClassVar[Mapping[str, list[str]]] = {}

    class Meta:
        model = DiscordAccount
        exclude = DiscordAccount.SECRETS
        labels: ClassVar = {"guild_id": "Server id", "channel_id": "Channel id"}
        help_texts: ClassVar = {
            "guild_id": "The first number in the address of the channel in Discord: "
            "discord.com/channels/SERVER/CHANNEL.",
            "channel_id": "The second number. The account must be able to write there.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._is_new and "new_user_token" in self.fields:
            self.fields["new_user_token"].required = True
        self.initial.setdefault(
            "sub_channels", "\n".join(sub_channels.lines_of(self.instance))
        )

    def clean_sub_channels(self) -> Lines:
        return sub_channels.parse(self.cleaned_data["sub_channels"])

    def written(self) -> set[str]:
        """Return the columns that the page changes."""
        names = {
            name.removeprefix("new_").removeprefix("remove_")
            for name in self.changed_data
        }
        return names & {field.name for field in DiscordAccount._meta.concrete_fields}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self._is_new and self.stored("user_token") is None:
            self.add_error("new_user_token", "Enter the token again.")
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if "sub_channels" in self.cleaned_data:
            try:
                pairs = self.cleaned_data["sub_channels"]
                sub_channels.check(self.instance, pairs)
            except ValidationError as exc:
                self.add_error(None, exc)
        for field, texts in self.wrong.items():
            secret = f"new_{field}" if field in DiscordAccount.SECRETS else field
            self.add_error(secret if secret in self.fields else None, texts)
