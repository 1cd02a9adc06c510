"""Take a member of another server's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework.exceptions import ValidationError

from accounts.exceptions import InvalidField
from mjproxy.setting_document import document
from mjproxy.setting_document.forms import SettingSerializer
from mjproxy.setting_document.members import MEMBERS, STORAGE

_NAMES: Final = frozenset(member.name.partition(".")[0] for member in MEMBERS)
# That server lets in guests and everybody who signs up, unless somebody has thought of
# it. Nobody comes in here by that.
_OWN: Final = frozenset({"enableGuest", "enableRegister", "isDemoMode"})
# The bucket of that server has its pictures, by other names and with its own keys.
_PLACES: Final = frozenset(
    member.name.partition(".")[0] for member in MEMBERS if member.place is STORAGE
) - {"enableSaveUserUploadBase64", "enableSaveIntermediateImage"}


def take(name: str, value: Any) -> None:
    """Write one member. Raises LookupError if it is not taken, InvalidField."""
    if name not in _NAMES:
        raise LookupError("there is no such setting here")
    if name in _OWN:
        raise LookupError("who may come in is decided here")
    if name in _PLACES:
        raise LookupError("where pictures are stored is decided here")
    if isinstance(value, Mapping):
        value = {inner: each for inner, each in value.items() if each is not None}
    if value in (None, {}):
        raise LookupError("it is empty there")
    form = SettingSerializer(data={name: value})
    try:
        form.is_valid(raise_exception=True)
    except ValidationError as exc:
        text = f"{name} cannot be used here"
        raise InvalidField(f"参数错误: {name}", text) from exc
    document.write(form.validated_data)
