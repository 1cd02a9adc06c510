"""The admin of Discord accounts: the list with the load, the page, the actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts import ports, states
from accounts.admin.account_fieldsets import ESSENTIAL, MORE, STANDING
from accounts.admin.account_form import AccountForm
from accounts.admin.account_list import NONE, fast_hours, of, reason_line
from accounts.admin.many import ManyAccountsAdmin
from accounts.admin.state import STATE_COLOURS, latest_events, state_words
from accounts.editing.discord_check import check
from accounts.editing.save import (
    delete_account,
    reconnect_by_hand,
    save_account,
    set_enabled,
)
from accounts.enums import AccountState
from accounts.exceptions import AccountsError
from accounts.models import DiscordAccount
from accounts.selectors import without_secrets
from accounts.state.links import verification_path
from mjproxy.lib.admin.theme import badge


class GroupFilter(admin.AllValuesFieldListFilter):
    """Filters by group; hidden if no account has one."""

    def has_output(self) -> bool:
        return any(self.lookup_choices)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "No group"}


@admin.register(DiscordAccount)
class AccountAdmin(ManyAccountsAdmin):
    form = AccountForm
    change_form_outer_before_template = "accounts/bots.html"
    list_display = (
        "remark_or_channel",
        "live_state",
        "reason",
        "running",
        "waiting",
        "today",
        "fast_time",
        "enabled",
    )
    list_filter = ("state", "enabled", ("group", GroupFilter), "mode", "fast_exhausted")
    search_fields = ("remark", "group", "channel_id", "guild_id")
    search_help_text = "Remark, group, channel id or server id"
    list_per_page = 100
    actions = (
        "enable",
        "disable",
        "connect_again",
        "edit_together",
        "export_accounts",
        "sync",
    )
    filter_horizontal = ("vertical_domains",)
    readonly_fields = (*STANDING, "verification_page")

    def get_fieldsets(
        self, request: HttpRequest, obj: DiscordAccount | None = None
    ) -> Any:
        more = [(name, {**it, "classes": ["collapse"]}) for name, it in MORE]
        if obj is None:
            return [ESSENTIAL, *more]
        fields = ["enabled", *STANDING, "fast_exhausted"]
        if obj.state == AccountState.VERIFICATION:
            fields.insert(2, "verification_page")
        return [("State", {"fields": fields}), ESSENTIAL, *more]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DiscordAccount]:
        rows = super().get_queryset(request).defer(*DiscordAccount.SECRETS)
        return ports.load().with_counts(rows).annotate(fast_hours=fast_hours())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.ask_view))
        own = path("<int:pk>/ask/", view, name="accounts_discordaccount_ask")
        return [own, *super().get_urls()]

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the question of a button on the account's page."""
        account = get_object_or_404(
            without_secrets(DiscordAccount.objects.filter(pk=pk))
        )
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        try:
            ports.bot_panel().ask(account, request.POST.dict())
        except AccountsError as exc:
            self.message_user(request, str(exc), messages.ERROR)
        else:
            text = "Asked. The answer comes within seconds."
            self.message_user(request, text)
        address = reverse("admin:accounts_discordaccount_change", args=[account.pk])
        return HttpResponseRedirect(address)

    def save_model(
        self,
        request: HttpRequest,
        obj: DiscordAccount,
        form: AccountForm,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        save_account(
            obj,
            further=form.cleaned_data["sub_channels"],
            # Saving the page confirms `enabled`, which it shows.
            fields={"enabled", *form.written()} if change else None,
            by=request.user.get_username(),
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if request.method == "POST":
            request.found_wrong = self._found_wrong(request, object_id)  # type: ignore[attr-defined]
        context = dict(extra_context or {})
        if object_id and object_id.isdecimal() and len(object_id) < 16:
            rows = without_secrets(DiscordAccount.objects.filter(pk=int(object_id)))
            if account := rows.prefetch_related("snapshots").first():
                context |= ports.bot_panel().shown(account)
        return super().changeform_view(request, object_id, form_url, context)

    def _found_wrong(
        self, request: HttpRequest, object_id: str | None
    ) -> dict[str, list[str]]:
        """Ask Discord about the entered values, before the transaction begins."""
        account = self.get_object(request, unquote(object_id)) if object_id else None
        form = self.get_form(request, account)(request.POST, instance=account)
        if not form.is_valid():
            return {}
        try:
            check(form.instance, form.cleaned_data["sub_channels"])
        except ValidationError as exc:
            return exc.message_dict
        return {}

    def get_form(
        self,
        request: HttpRequest,
        obj: DiscordAccount | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,
    ) -> type[AccountForm]:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.wrong = getattr(request, "found_wrong", {})
        return form  # type: ignore[no-any-return]

    def delete_model(self, request: HttpRequest, obj: DiscordAccount) -> None:
        delete_account(obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[DiscordAccount]
    ) -> None:
        for account in queryset:
            delete_account(account)

    @admin.display(description="Account", ordering="remark")
    def remark_or_channel(self, account: DiscordAccount) -> str:
        return str(account)

    @badge("State", STATE_COLOURS, ordering="state")
    def live_state(self, account: DiscordAccount) -> tuple[str, str]:
        return account.state, state_words(account.state)

    @admin.display(description="Reason", ordering="state_since")
    def reason(self, account: DiscordAccount) -> str:
        return reason_line(account)

    @admin.display(description="Running", ordering="running")
    def running(self, account: Any) -> SafeString:
        return of(account.running, account.core_size)

    @admin.display(description="Waiting", ordering="waiting")
    def waiting(self, account: Any) -> SafeString:
        return of(account.waiting, account.max_queue_size or None)

    @admin.display(description="Today", ordering="day_draw_count")
    def today(self, account: DiscordAccount) -> SafeString:
        limit = account.day_draw_limit if account.day_draw_limit >= 0 else None
        return of(account.drawn_today, limit)

    @admin.display(
        description="Fast time", ordering=F("fast_hours").asc(nulls_last=True)
    )
    def fast_time(self, account: Any) -> str:
        if account.fast_exhausted:
            return "used up"
        return NONE if account.fast_hours is None else f"{account.fast_hours:.1f} h"

    @admin.display(description="Who must act")
    def who_must_act(self, account: DiscordAccount) -> str:
        return states.who_must_act(account)

    @admin.display(description="What to do")
    def what_to_do(self, account: DiscordAccount) -> str:
        return states.next_step(account)

    @admin.display(description="History")
    def history(self, account: DiscordAccount) -> SafeString:
        return latest_events(account)

    @admin.display(description="Human verification")
    def verification_page(self, account: DiscordAccount) -> str:
        text = '<a class="dash-link" href="{}">Open the link, say that it is done</a>'
        return format_html(text, verification_path(account.pk))

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[DiscordAccount]) -> None:
        name = request.user.get_username()

        def on(account: DiscordAccount) -> None:
            set_enabled(account, enabled=True, by=name)

        self._each(request, queryset, on, "enabled")

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[DiscordAccount]) -> None:
        name = request.user.get_username()

        def off(account: DiscordAccount) -> None:
            set_enabled(account, enabled=False, by=name)

        self._each(request, queryset, off, "disabled")

    @admin.action(description="Reconnect", permissions=["change"])
    def connect_again(
        self, request: HttpRequest, queryset: QuerySet[DiscordAccount]
    ) -> None:
        def again(account: DiscordAccount) -> None:
            reconnect_by_hand(account)

        self._each(request, queryset, again, "told to reconnect")

    @admin.action(description="Read plan and settings", permissions=["change"])
    def sync(self, request: HttpRequest, queryset: QuerySet[DiscordAccount]) -> None:
        accounts = [account for account in queryset if account.enabled]
        for account in accounts:
            ports.bot_panel().sync(account)
        self.message_user(request, f"{len(accounts)} account(s) asked.")

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[DiscordAccount],
        act: Callable[[DiscordAccount], None],
        done: str,
    ) -> None:
        count = 0
        for account in queryset:
            try:
                act(account)
                count += 1
            except ValidationError as exc:
                text = f"{account}: {' '.join(exc.messages)}"
                self.message_user(request, text, messages.ERROR)
        self.message_user(request, f"{count} account(s) {done}.")
