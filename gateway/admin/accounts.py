"""Admin of accounts with their bots' answers, and buttons that query the bots."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from accounts.exceptions import AccountsError
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import without_secrets
from accounts.state.bot_snapshots import bots_of, snapshots_of
from accounts.wire.bot_members import buttons_of, versions_of
from gateway.enums import OVER
from gateway.models import AccountQuery
from gateway.protocol.notices import readable
from gateway.queries import ask
from tasks.admin.accounts import BusyAccountAdmin

_LATEST: Final = 5


class SyncedAccountAdmin(BusyAccountAdmin):
    """Admin of accounts that shows what their bots answered."""

    change_form_outer_before_template = "gateway/snapshots.html"
    actions: Any = (*BusyAccountAdmin.actions, "sync")

    @admin.action(description="Read plan and settings", permissions=["change"])
    def sync(self, request: HttpRequest, queryset: QuerySet[DiscordAccount]) -> None:
        accounts = [account for account in queryset if account.enabled]
        for account in accounts:
            ask.ask_sync(account, by_hand=True)
        self.message_user(request, f"{len(accounts)} account(s) asked.")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.ask_view))
        own = path("<int:pk>/ask/", view, name="accounts_discordaccount_ask")
        return [own, *super().get_urls()]

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write the query of a button on the change page."""
        account = get_object_or_404(
            without_secrets(DiscordAccount.objects.filter(pk=pk))
        )
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        try:
            _ask(account, request.POST)
        except AccountsError as exc:
            self.message_user(request, str(exc), messages.ERROR)
        else:
            text = "Asked. The answer comes within seconds."
            self.message_user(request, text)
        address = reverse("admin:accounts_discordaccount_change", args=[account.pk])
        return HttpResponseRedirect(address)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        if object_id and object_id.isdecimal() and len(object_id) < 16:
            rows = without_secrets(DiscordAccount.objects.filter(pk=int(object_id)))
            if account := rows.prefetch_related("snapshots").first():
                context |= _shown(account)
        return super().changeform_view(request, object_id, form_url, context)


def _ask(account: DiscordAccount, said: Any) -> None:
    bot, value = said.get("bot", ""), said.get("value", "")
    match said.get("what"):
        case "press":
            ask.ask_press(account, bot, value)
        case "version":
            ask.ask_version(account, bot, value)
        case "suffix":
            ask.ask_command(account, bot, "prefer suffix", value)
        case "command":
            ask.ask_command(account, bot, value)
        case _:
            ask.ask_sync(account, by_hand=True)


def _shown(account: DiscordAccount) -> dict[str, Any]:
    rows = snapshots_of(account)
    bots = bots_of(account)
    shown = [
        rows.get(bot) or BotSnapshot(account=account, bot=bot) for bot in reversed(bots)
    ]
    queries = AccountQuery.objects.filter(account=account).order_by("-pk")
    return {
        "bots": [
            {
                "row": row,
                "buttons": buttons_of(row),
                "versions": versions_of(row),
                "lines": [(k, readable(str(v))) for k, v in row.properties.items()],
            }
            for row in shown
        ],
        "queries": queries[:_LATEST],
        "is_asking": queries.exclude(state__in=OVER).exists(),
        "commands": [name for name, takes in ask.COMMANDS.items() if not takes],
    }
