"""Forms for secrets, which can be entered and are never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db.models import Model
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanWidget

from mjproxy.lib.db.encrypted_field import UndecryptableSecret

M = TypeVar("M", bound=Model)


def secret_field(label: str) -> forms.CharField:
    """Return the form field `new_NAME` for a secret."""
    widget = UnfoldAdminPasswordWidget(
        attrs={"autocomplete": "new-password", "spellcheck": "false"}
    )
    return forms.CharField(
        label=label,
        required=False,
        widget=widget,
        max_length=4000,
    )


def removal_field(label: str) -> forms.BooleanField:
    """Return the form field `remove_NAME` for an optional secret."""
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanWidget())


class SecretForm(forms.ModelForm[M]):
    """Form of a row with secrets; an empty field leaves its secret unchanged."""

    secrets: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secrets:
            if field := self.fields.get(f"new_{name}"):
                field.help_text = self._standing(name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self.secrets:
            if value := data.get(f"new_{name}", "").strip():
                self._take(name, value)
            elif data.get(f"remove_{name}"):
                setattr(self.instance, name, "")
        return data

    def _take(self, name: str, value: str) -> None:
        """Set a secret on the row if the validators of its model field accept it."""
        field: Any = self.instance._meta.get_field(name)
        try:
            field.run_validators(value)
        except forms.ValidationError as exc:
            self.add_error(f"new_{name}", exc)
        else:
            setattr(self.instance, name, value)

    @property
    def _is_new(self) -> bool:
        return self.instance._state.adding

    def _standing(self, name: str) -> str:
        if self._is_new:
            return "Kept encrypted, never shown again."
        match self.stored(name):
            case None:
                return "The stored one fits no encryption key: enter it again."
            case False:
                return "None is stored."
        return "One is stored. Leave empty to keep it."

    def stored(self, name: str) -> bool | None:
        """Tell whether a secret is stored; None if it cannot be decrypted."""
        try:
            return bool(getattr(self.instance, name))
        except UndecryptableSecret:
            return None
