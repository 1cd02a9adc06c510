"""Forms for many accounts: an edit, an export, an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldBooleanWidget,
)

from mjproxy.lib.sealed_file import MOST_BYTES, SHORTEST_PASSPHRASE

_TICK = "change_"


class ManyForm(forms.Form):
    """Fields with a tick each; only ticked fields are changed."""

    def __init__(self, fields: Mapping[str, forms.Field], data: Any = None) -> None:
        super().__init__(data)
        self.names = list(fields)
        for name, field in fields.items():
            said = {"aria-label": f"Change: {field.label}"}
            self.fields[_TICK + name] = forms.BooleanField(
                required=False, widget=UnfoldBooleanWidget(attrs=said)
            )
            self.fields[name] = field
            if data is not None and _TICK + name not in data:
                # The value of an unticked field is not validated.
                self.fields[name] = forms.Field(
                    label=field.label, required=False, widget=field.widget
                )
            elif data is None:
                field.required = False  # whether it is required depends on its tick
            field.widget.is_required = False

    def clean(self) -> dict[str, Any]:
        if not any(self.cleaned_data.get(_TICK + name) for name in self.names):
            raise forms.ValidationError("Tick what is to be changed.")
        return self.cleaned_data

    @property
    def changes(self) -> Mapping[str, Any]:
        """The ticked values, by field of the row."""
        data = self.cleaned_data
        return {name: data[name] for name in self.names if data.get(_TICK + name)}

    def pairs(self) -> Iterator[tuple[BoundField, BoundField]]:
        """Yield each tick with its field."""
        return ((self[_TICK + name], self[name]) for name in self.names)


def _passphrase(**options: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(widget=widget, max_length=1000, strip=False, **options)


class ExportForm(forms.Form):
    """The passphrase of the exported file, typed twice."""

    passphrase = _passphrase(
        min_length=SHORTEST_PASSPHRASE,
        help_text="Anyone with the passphrase and the file can read the tokens.",
    )
    again = _passphrase(label="Once more")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "passphrase" in data and data["passphrase"] != data.get("again"):
            self.add_error("again", "The two passphrases differ.")
        return data


class ImportForm(forms.Form):
    """A file of accounts, its passphrase, and whether to overwrite."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget())
    passphrase = _passphrase()
    update = forms.BooleanField(
        label="Overwrite accounts whose channel exists",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="Otherwise they stay unchanged.",
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("The file is too large.")
        content: bytes = file.read()
        return content
