"""Every setting has a place in the menu, a field on its page and a help text."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from solo.models import SingletonModel

from mjproxy.admin_menu import UNFOLD
from mjproxy.lib.db.encrypted_field import EncryptedTextField

MODELS: Final = [
    model for model in apps.get_models() if issubclass(model, SingletonModel)
]


def menu_items(title: str) -> list[Any]:
    sidebar: Any = UNFOLD["SIDEBAR"]
    found = (g for g in sidebar["navigation"] if g.get("title") == title)
    items: list[Any] = next(found)["items"]
    return items


def fields_of(model: Any) -> list[Any]:
    """Return the fields that operators edit."""
    fields = model._meta.concrete_fields
    return [f for f in fields if f.editable and not f.primary_key]


def address_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_all_settings_stand_together_in_the_menu() -> None:
    links = [str(item["link"]) for item in menu_items("Settings")]

    assert sorted(links) == sorted(address_of(model) for model in MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_setting_is_on_its_page_with_a_help_text(
    admin: Client, model: Any
) -> None:
    page = admin.get(address_of(model)).context["adminform"]

    fields = page.form.fields
    shown = [name for _, options in page.fieldsets for name in options["fields"]]
    for field in fields_of(model):
        is_secret = isinstance(field, EncryptedTextField)
        name = f"new_{field.name}" if is_secret else field.name
        assert name in fields
        assert str(shown).count(f"'{name}'") == 1, name
        assert fields[name].help_text or field.help_text, name
