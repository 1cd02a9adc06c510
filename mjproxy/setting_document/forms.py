"""The form of the settings, made of the table of members."""

from __future__ import annotations

from typing import Any

from accounts.wire.forms import OperationSerializer
from mjproxy.lib.dialect.fields import DialectSerializer
from mjproxy.setting_document.members import MEMBERS


def _form(name: str, prefix: str) -> type[DialectSerializer]:
    """Return a form with the members whose names begin so, without that."""
    fields: dict[str, Any] = {}
    for member in MEMBERS:
        outer, _, inner = member.name.rpartition(".")
        if outer == prefix:
            fields[inner] = member.kind.form(member.field)
        elif not prefix and outer not in fields:
            inside = _form(f"{outer[0].upper()}{outer[1:]}Setting", outer)
            fields[outer] = inside(required=False)
    form: type[DialectSerializer] = type(name, (DialectSerializer,), fields)
    form.__doc__ = "Members that are not sent keep their value."
    return form


SettingSerializer = _form("SettingSerializer", "")


class SettingAnswerSerializer(OperationSerializer):
    """The settings."""

    data = SettingSerializer()  # type: ignore[assignment]
