"""Serializers for the accounts that operators send, and for registrations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.models import DiscordAccount
from accounts.wire.account import WRITABLE
from accounts.wire.member import Field, Member
from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text

_WIRE_NAMES: Final = {member.field: name for name, member in WRITABLE.items()}
# All but the user token, which an account needs.
_REMOVABLE: Final = {
    _WIRE_NAMES[field]: field
    for field in DiscordAccount.SECRETS
    if field != "user_token"
}


class ChangesSerializer(DialectSerializer):
    """Members to write. A member that is not sent keeps its value."""

    members: Iterable[Member] = ()

    def get_fields(self) -> dict[str, Field]:
        own = {member.name: member.to_read() for member in self.members}
        return super().get_fields() | own

    def to_internal_value(self, data: Any) -> dict[str, object]:
        if isinstance(data, Mapping):
            # `mode` is the one member whose empty value is null.
            data = {
                name: "" if name.lower() == "mode" and value is None else value
                for name, value in data.items()
                if isinstance(name, str)
            }
        return super().to_internal_value(data)


class AccountSerializer(ChangesSerializer):
    """A Discord account. Members not sent keep their value or their default."""

    members = tuple(WRITABLE.values())

    id = Text(
        default=serializers.empty,
        help_text="Optional; must equal the id in the address.",
    )
    remove = Items(
        child=serializers.ChoiceField(choices=list(_REMOVABLE)),
        max_length=10,
        required=False,
        help_text="Secrets to delete.",
    )

    def changes(self) -> dict[str, object]:
        """Return the sent values, keyed by the field of the row."""
        gone = {_REMOVABLE[name]: "" for name in self.validated_data.get("remove", ())}
        return gone | by_field(self.members, self.validated_data)


class BulkChangesSerializer(ChangesSerializer):
    """Members that may be written for many accounts at once."""

    members = tuple(member for member in WRITABLE.values() if member.bulk)

    def to_internal_value(self, data: Any) -> dict[str, object]:
        known = {member.name.lower() for member in self.members}
        if isinstance(data, Mapping):
            for name in data:
                if str(name).lower() not in known:
                    text = "Not for many accounts at once."
                    raise serializers.ValidationError({str(name)[:40]: [text]})
        return super().to_internal_value(data)


class RegisterSerializer(DialectSerializer):
    email = Text(help_text="A key is sent to it.")
    invitation = Text(help_text="A code, where one is needed.")


class OperationSerializer(serializers.Serializer[Any]):
    """The envelope of an operation's result."""

    success = serializers.BooleanField()
    code = serializers.IntegerField()
    message = serializers.CharField()
    timestamp = serializers.CharField(help_text="Ticks of 100 ns from the year 1.")
    data = serializers.DictField(allow_null=True)  # type: ignore[assignment]
    id = serializers.CharField(required=False, help_text="Id of the written row.")


def by_field(members: Iterable[Member], sent: Mapping[str, Any]) -> dict[str, object]:
    """Return the sent values of these members, keyed by the field of the row."""
    return {
        member.field: _stripped(sent[member.name])
        for member in members
        if member.name in sent and not _is_kept(member, sent[member.name])
    }


def said_by_member(exc: ValidationError) -> str:
    """Return the error messages, each after the JSON name of its member."""
    return "; ".join(
        f"{_WIRE_NAMES.get(field, field)}: {' '.join(messages)}"
        for field, messages in exc.message_dict.items()
    )


def _is_kept(member: Member, value: Any) -> bool:
    # Secrets are never shown, so a client sends them back empty or as asterisks.
    return member.field in DiscordAccount.SECRETS and not value.strip(" *")


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
