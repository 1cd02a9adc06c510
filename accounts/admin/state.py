"""History of accounts and the mails about it, in the admin."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from solo.admin import SingletonModelAdmin
from unfold.decorators import action

from accounts.enums import AccountState, MailState
from accounts.models import (
    AccountEvent,
    DiscordAccount,
    MailSettings,
    OperatorMail,
    PersonMail,
)
from accounts.models.mails import MAIL_SECRETS
from accounts.state import mails
from mjproxy.lib.admin.id_pages import IdPages
from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin, ReadOnly, badge

_ROUTINE_COLOURS: Final = {
    AccountState.READY: "success",
    AccountState.CONNECTING: "info",
    AccountState.RESTING: "info",
    AccountState.DISCONNECTED: "warning",
    AccountState.DISABLED: "",
}
STATE_COLOURS: Final = {
    state: _ROUTINE_COLOURS.get(state, "danger") for state in AccountState
}
LATEST: Final = 10


def state_words(state: str) -> str:
    return AccountState(state).label.partition(",")[0]


def latest_events(account: DiscordAccount) -> SafeString:
    """Return the newest moves of an account as a list, with a link to all."""
    rows = account.events.all()[:LATEST]
    address = reverse("admin:accounts_accountevent_changelist")
    return format_html(
        '<ul class="account-events">{}</ul><a class="dash-link" href="{}">{}</a>',
        format_html_join("", "<li>{}</li>", ([_event_line(row)] for row in rows)),
        f"{address}?account__id__exact={account.pk}",
        "All of its history",
    )


def _event_line(event: AccountEvent) -> str:
    moment = f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}"
    states = f"{state_words(event.from_state)} → {state_words(event.to_state)}"
    end = f"until {timezone.localtime(event.until):%d %b %H:%M}" if event.until else ""
    by = f"by {event.by}" if event.by else ""
    return ", ".join(filter(None, (moment, states, end, by, event.reason)))


@admin.register(AccountEvent)
class AccountEventAdmin(IdPages[AccountEvent], ReadOnly[AccountEvent]):
    list_display = ("at", "account", "before", "after", "reason", "until", "moved_by")
    list_filter = ("to_state", "from_state", "at")
    list_select_related = ("account",)
    search_fields = ("account__remark", "account__channel_id", "reason", "by")
    search_help_text = "Remark, channel id, reason or name"

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        own = lookup == "account__id__exact"
        return own or super().lookup_allowed(lookup, value, request)

    @badge("From", STATE_COLOURS, ordering="from_state")
    def before(self, event: AccountEvent) -> tuple[str, str]:
        return event.from_state, state_words(event.from_state)

    @badge("To", STATE_COLOURS, ordering="to_state")
    def after(self, event: AccountEvent) -> tuple[str, str]:
        return event.to_state, state_words(event.to_state)

    @admin.display(description="By", ordering="by")
    def moved_by(self, event: AccountEvent) -> str:
        return event.by or "the system"


class MailStates:
    """The state of a mail as a badge."""

    @badge(
        "State",
        {
            MailState.SENT: "success",
            MailState.WAITING: "info",
            MailState.GIVEN_UP: "danger",
        },
        ordering="state",
    )
    def live_state(self, mail: OperatorMail | PersonMail) -> tuple[str, str]:
        return mail.state, MailState(mail.state).label


@admin.register(OperatorMail)
class OperatorMailAdmin(MailStates, IdPages[OperatorMail], ReadOnly[OperatorMail]):
    list_display = (
        *("at", "account", "payment", "trouble", "live_state", "attempts", "error"),
    )
    list_filter = ("state", "trouble")
    list_select_related = ("account", "payment")


@admin.register(PersonMail)
class PersonMailAdmin(MailStates, IdPages[PersonMail], ReadOnly[PersonMail]):
    list_display = ("at", "to", "subject", "live_state", "attempts", "error")
    list_filter = ("state",)
    search_fields = ("to", "subject")
    exclude = ("body",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonMail]:
        return super().get_queryset(request).defer("body")


class MailSettingsForm(SecretForm[MailSettings]):
    secrets = MAIL_SECRETS

    new_password = secret_field("Password")
    remove_password = removal_field("Remove the password")


@admin.register(MailSettings)
class MailSettingsAdmin(SingletonModelAdmin, ModelAdmin[MailSettings]):
    form = MailSettingsForm
    exclude = MAIL_SECRETS
    change_form_template = ""  # the theme's
    actions_submit_line = ("send_test",)

    # The theme has no types.
    @action(  # type: ignore[untyped-decorator]
        description="Save and send a test mail", permissions=["change"]
    )
    def send_test(self, request: HttpRequest, obj: MailSettings) -> None:
        """Save, send a test mail, and show whether the server accepted it."""
        if not (obj.host and obj.sender):
            text = "A server and a sender are needed."
            self.message_user(request, text, messages.ERROR)
        elif error := mails.send_test(obj):
            self.message_user(request, f"Not sent: {error}", messages.ERROR)
        else:
            self.message_user(request, "The server has taken the test mail.")
