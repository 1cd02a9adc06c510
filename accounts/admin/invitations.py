"""Invitations in the admin: the code is shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.models import Invitation
from accounts.signup import invitations
from mjproxy.lib.admin.theme import ModelAdmin


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin[Invitation]):
    list_display = (
        "prefix",
        "note",
        "uses_left",
        "expires_at",
        "group",
        "made_by",
        "created_at",
    )
    list_filter = ("group",)
    list_select_related = ("group",)
    search_fields = ("prefix", "note")
    fields = ("note", "uses_left", "expires_at", "group")

    def save_model(
        self,
        request: HttpRequest,
        obj: Invitation,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        if change:
            invitations.save_invitation(obj)
            return
        code = invitations.make_code(obj, by=request.user.get_username())
        text = "The invitation, shown only now: <code>{}</code>"
        self.message_user(request, format_html(text, code))
