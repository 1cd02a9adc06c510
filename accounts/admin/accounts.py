"""Discord accounts in the admin. Registered by the app that knows their load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import states
from accounts.admin.account_form import SECRETS, AccountForm
from accounts.admin.many import ManyAccountsAdmin
from accounts.admin.state import STATE_COLOURS, latest_events, state_words
from accounts.editing.discord_check import check
from accounts.editing.save import delete_account, reconnect, save_account, set_enabled
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.state.links import verification_path
from mjproxy.lib.admin.theme import badge


class GroupFilter(admin.AllValuesFieldListFilter):
    """The groups that there are; not shown where no account has one."""

    def has_output(self) -> bool:
        return any(self.lookup_choices)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "No group"}


class AccountAdmin(ManyAccountsAdmin):
    form = AccountForm
    list_display: Any = ("remark_or_channel", "live_state", "state_reason", "enabled")
    list_filter = ("state", "enabled", ("group", GroupFilter), "mode", "fast_exhausted")
    search_fields = ("remark", "group", "channel_id", "guild_id")
    search_help_text = "Remark, group, channel id or server id"
    list_per_page = 100
    actions: Any = (
        "enable",
        "disable",
        "connect_again",
        "edit_together",
        "export_accounts",
    )
    filter_horizontal = ("vertical_domains",)
    _standing = (
        "state",
        "state_reason",
        "state_since",
        "resume_at",
        "who_must_act",
        "what_to_do",
        "history",
        "created_at",
    )
    readonly_fields = (*_standing, "verification_page")
    _essential = (None, {"fields": ("guild_id", "channel_id", "new_user_token")})
    _more: ClassVar[list[tuple[str, dict[str, Any]]]] = [
        (
            "Name and order",
            {"fields": ("remark", "group", "sponsor", "sort", "weight")},
        ),
        (
            "Pace",
            {
                "fields": (
                    "core_size",
                    "max_queue_size",
                    "timeout_minutes",
                    "interval",
                    "after_interval_min",
                    "after_interval_max",
                )
            },
        ),
        (
            "Hours and limits",
            {"fields": ("work_time", "fishing_time", "day_draw_limit")},
        ),
        (
            "What it draws",
            {
                "fields": (
                    "enable_mj",
                    "enable_niji",
                    "is_blend",
                    "is_describe",
                    "is_shorten",
                    "mode",
                    "allow_modes",
                    "enable_fast_to_relax",
                    "enable_relax_to_fast",
                    "enable_auto_set_relax",
                    "enable_switch_speed",
                    "is_vertical_domain",
                    "vertical_domains",
                )
            },
        ),
        (
            "Remix mode",
            {"fields": ("remix_auto_submit", "mj_remix_on", "niji_remix_on")},
        ),
        (
            "Channels",
            {
                "fields": (
                    "sub_channels",
                    "private_channel_id",
                    "niji_bot_channel_id",
                    "permanent_invitation_link",
                )
            },
        ),
        (
            "Connection",
            {
                "fields": (
                    "new_bot_token",
                    "remove_bot_token",
                    "new_proxy_url",
                    "remove_proxy_url",
                    "user_agent",
                )
            },
        ),
    ]

    def get_fieldsets(
        self, request: HttpRequest, obj: DiscordAccount | None = None
    ) -> Any:
        more = [(name, {**it, "classes": ["collapse"]}) for name, it in self._more]
        if obj is None:
            return [self._essential, *more]
        fields = ["enabled", *self._standing, "fast_exhausted"]
        if obj.state == AccountState.VERIFICATION:
            fields.insert(2, "verification_page")
        return [("State", {"fields": fields}), self._essential, *more]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DiscordAccount]:
        return super().get_queryset(request).defer(*SECRETS)

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
            # Whoever saves the page has seen whether it is enabled, and left it so.
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
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _found_wrong(
        self, request: HttpRequest, object_id: str | None
    ) -> dict[str, list[str]]:
        """Ask Discord about what was entered, before the page's transaction begins."""
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

    @admin.display(description="Who must act")
    def who_must_act(self, account: DiscordAccount) -> str:
        return states.who(account)

    @admin.display(description="What to do")
    def what_to_do(self, account: DiscordAccount) -> str:
        return states.todo(account)

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
            reconnect(account.pk)

        self._each(request, queryset, again, "told to reconnect")

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
