"""Prices of tasks in the admin."""

from __future__ import annotations

from django.contrib import admin

from mjproxy.lib.admin.theme import ModelAdmin
from tasks.models import Price


@admin.register(Price)
class PriceAdmin(ModelAdmin[Price]):
    list_display = ("__str__", "action", "speed", "bot", "credits")
    list_filter = ("action", "speed", "bot")
    ordering = ("action", "speed", "bot")
