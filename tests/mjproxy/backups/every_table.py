"""EVERY: code that puts a row into each table of an installation that has none."""

from __future__ import annotations

from typing import Final

EVERY: Final = """
import datetime
import uuid
from decimal import Decimal
from django.db import connection, models, transaction
from mjproxy.backups.rows import _models
from mjproxy.lib.db.encrypted_field import EncryptedTextField

MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=datetime.UTC)
PLAIN = {
    models.BooleanField: True,
    models.DateTimeField: MOMENT,
    models.DateField: MOMENT.date(),
    models.FloatField: 1.25,
    models.DecimalField: Decimal("1.25"),
    models.DurationField: datetime.timedelta(seconds=7, microseconds=8),
    models.UUIDField: uuid.UUID(int=7),
    models.JSONField: {"b": [1, None, "\\u00e9"], "a": {"z": 1.5, "\\u4e2d": True}},
    models.GenericIPAddressField: "2001:db8::1",
    models.BigIntegerField: 2**62,
    models.PositiveBigIntegerField: 2**62,
    models.SmallIntegerField: 7,
    models.IntegerField: 7,
}

def text_of(field):
    if field.choices:
        return next(value for value, _ in field.flatchoices if value != "")
    if isinstance(field, EncryptedTextField):
        return "a secret"
    return "two \\u2028 lines \\U0001f600 \\u00e9 '\\\\"[: field.max_length]

def value_of(field):
    if field.remote_field:
        return row_of(field.remote_field.model).pk
    for kind in type(field).__mro__:
        if kind in PLAIN:
            return field.flatchoices[0][0] if field.choices else PLAIN[kind]
    return text_of(field)

def row_of(model):
    if found := model._base_manager.first():
        return found
    row = model()
    for field in model._meta.concrete_fields:
        own = field.primary_key and field.has_default() and not field.remote_field
        itself = field.remote_field and field.remote_field.model is model
        if not (own or itself or isinstance(field, models.AutoField)):
            setattr(row, field.attname, value_of(field))
    model._base_manager.bulk_create([row])
    return model._base_manager.get()

for model in _models():
    row_of(model)
    assert model._base_manager.exists(), model
"""
