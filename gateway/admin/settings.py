"""The gateway's settings in the admin, and a page to try whether Discord answers."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from solo.admin import SingletonModelAdmin

from gateway.discord.addresses import load_addresses
from gateway.models import GatewaySettings
from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin
from mjproxy.lib.process.bulkhead import NoPlace
from mjproxy.lib.web.outside_hosts import AnswerNeeded, PendingResponse, answer_to

_REACH: Final = "gateway_reach"
_PATIENCE: Final = 20.0  # seconds; each question has its own, shorter limit


class GatewaySettingsForm(SecretForm[GatewaySettings]):
    """The gateway's settings.

    Its proxy has a password, so the form never shows it.
    """

    secrets = ("proxy_url",)

    new_proxy_url = secret_field("Proxy for accounts without their own")
    remove_proxy_url = removal_field("Remove the proxy")


@admin.register(GatewaySettings)
class GatewaySettingsAdmin(SingletonModelAdmin, ModelAdmin[GatewaySettings]):
    form = GatewaySettingsForm
    exclude = ("proxy_url",)
    change_form_template = ""  # the theme's
    readonly_fields = ("reach_it",)
    fieldsets: ClassVar = [
        (
            "Addresses of Discord",
            {
                "fields": ("reach_it", *GatewaySettings.ADDRESSES),
                "description": "For servers that stand in front of Discord. All are "
                "read again within two seconds; open sockets stay until they end.",
            },
        ),
        ("Proxy", {"fields": ("new_proxy_url", "remove_proxy_url")}),
        (
            "What is done at Discord",
            {
                "fields": (
                    *("sync_minutes", "acknowledge", "check_accounts"),
                    "client_build_number",
                )
            },
        ),
    ]

    @admin.display(description="Test")
    def reach_it(self, row: GatewaySettings) -> SafeString:
        """Link to the page that tries whether Discord answers."""
        return format_html('<a href="{}">Reach Discord</a>', reverse(f"admin:{_REACH}"))

    def get_urls(self) -> list[URLPattern]:
        page = path("reach/", self.admin_site.admin_view(self.reach), name=_REACH)
        return [page, *super().get_urls()]

    def reach(self, request: HttpRequest) -> HttpResponseBase:
        """Ask Discord with the saved settings, and show what comes back."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        found: dict[str, Any] = {}
        if request.method == "POST":
            try:
                found = _tried()
            except AnswerNeeded as exc:
                return PendingResponse(exc, request.user.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Reach Discord",
            "opts": self.opts,
            "media": self.media,
            **found,
        }
        return TemplateResponse(request, "gateway/reach.html", context)


def _tried() -> dict[str, Any]:
    # Here, not above: only this page of the web process needs a Discord client.
    from gateway.discord.reach import reach

    addresses = load_addresses()
    try:
        outcomes = answer_to("reach", lambda: reach(addresses), timeout=_PATIENCE)
    except NoPlace:
        return {"failure": "Too many questions are open. Try again."}
    return {"outcomes": outcomes}
