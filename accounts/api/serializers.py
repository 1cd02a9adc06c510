"""What operators may send."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from accounts.api.fields import DialectSerializer, Number, Text, Whole, Word
from accounts.models import DiscordAccount

# Name on the wire, name in the row.
ACCOUNT_FIELDS: Final = {
    "guildId": "guild_id",
    "channelId": "channel_id",
    "userToken": "user_token",
    "botToken": "bot_token",
    "userAgent": "user_agent",
    "remark": "remark",
    "enable": "enabled",
    "enableMj": "enable_mj",
    "enableNiji": "enable_niji",
    "mode": "mode",
    "weight": "weight",
    "sort": "sort",
    "coreSize": "core_size",
    "maxQueueSize": "max_queue_size",
    "timeoutMinutes": "timeout_minutes",
    "interval": "interval",
    "afterIntervalMin": "after_interval_min",
    "afterIntervalMax": "after_interval_max",
    "isBlend": "is_blend",
    "isDescribe": "is_describe",
    "isShorten": "is_shorten",
    "allowModes": "allow_modes",
    "remixAutoSubmit": "remix_auto_submit",
    "enableFastToRelax": "enable_fast_to_relax",
    "enableRelaxToFast": "enable_relax_to_fast",
    "enableAutoSetRelax": "enable_auto_set_relax",
    "mjRemixOn": "mj_remix_on",
    "nijiRemixOn": "niji_remix_on",
}
_TOKENS: Final = ("userToken", "botToken")


def _one_word(value: str) -> None:
    # It goes out as a header: blanks and other scripts cannot be sent.
    text = value.strip()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise serializers.ValidationError("Not a token.")


class AccountSerializer(DialectSerializer):
    """A Discord account. What is not sent keeps its value, or its default."""

    id = Text(default=serializers.empty, help_text="If sent, that of the address.")
    guildId = Text(default=serializers.empty)
    channelId = Text(default=serializers.empty)
    userToken = Text(default=serializers.empty, validators=[_one_word])
    botToken = Text(default=serializers.empty, validators=[_one_word])
    userAgent = Text(default=serializers.empty)
    remark = Text(default=serializers.empty)
    enable = serializers.BooleanField(required=False)
    enableMj = serializers.BooleanField(required=False)
    enableNiji = serializers.BooleanField(required=False)
    mode = Word("RELAX", "FAST", "TURBO")
    weight = Whole()
    sort = Whole()
    coreSize = Whole()
    maxQueueSize = Whole()
    timeoutMinutes = Whole()
    interval = Number(required=False)
    afterIntervalMin = Number(required=False)
    afterIntervalMax = Number(required=False)
    isBlend = serializers.BooleanField(required=False)
    isDescribe = serializers.BooleanField(required=False)
    isShorten = serializers.BooleanField(required=False)
    allowModes = serializers.ListField(
        child=Word("RELAX", "FAST", "TURBO"), required=False, help_text="Empty: all."
    )
    remixAutoSubmit = serializers.BooleanField(
        required=False, help_text="Answer remix windows with the parent's prompt."
    )
    enableFastToRelax = serializers.BooleanField(
        required=False, help_text="Send /relax when the fast time is used up."
    )
    enableRelaxToFast = serializers.BooleanField(
        required=False, help_text="Send /fast when there is fast time again."
    )
    enableAutoSetRelax = serializers.BooleanField(
        required=False, help_text="Allow relax only while the fast time is used up."
    )
    mjRemixOn = serializers.BooleanField(
        required=False, help_text="Remix mode, as the next window will show anyway."
    )
    nijiRemixOn = serializers.BooleanField(required=False)

    def fill(self, account: DiscordAccount) -> DiscordAccount:
        """Return the account with what was sent written over it."""
        for name, value in self.validated_data.items():
            if name == "id" or (name in _TOKENS and not value.strip(" *")):
                continue  # no token is ever shown: what comes back empty stays
            setattr(account, ACCOUNT_FIELDS[name], _stripped(value))
        return account


class UserSerializer(DialectSerializer):
    id = Text()
    name = Text()
    token = Text(help_text="A key of your choice; without it one is made.")
    role = Word("USER", "ADMIN", default="USER")
    status = Word("NORMAL", "DISABLED", default="NORMAL")


class OperationSerializer(serializers.Serializer[Any]):
    """The envelope of an operation's result."""

    success = serializers.BooleanField()
    code = serializers.IntegerField()
    message = serializers.CharField()
    timestamp = serializers.CharField(help_text="Ticks of 100 ns from the year 1.")
    data = serializers.DictField(allow_null=True)  # type: ignore[assignment]
    id = serializers.CharField(required=False, help_text="Of what was written.")


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
