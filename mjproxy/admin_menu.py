"""Look of the admin: colours, side menu, scripts and styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.templatetags.static import static
from django.urls import reverse_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_VIOLET = {
    "50": "#f4f2ff",
    "100": "#ebe7ff",
    "200": "#d9d2ff",
    "300": "#bdb0ff",
    "400": "#a08bff",
    "500": "#8466fa",
    "600": "#6a48f2",
    "700": "#5835d6",
    "800": "#472cad",
    "900": "#3a268a",
    "950": "#23155c",
}


class Item(TypedDict):
    """An entry of the side menu; `link` is an address, found when it is shown."""

    title: str
    icon: str
    link: StrPromise


def _page(title: str, icon: str, model: str) -> Item:
    link = reverse_lazy(f"admin:{model}_changelist")
    return {"title": title, "icon": icon, "link": link}


UNFOLD: dict[str, object] = {
    "SITE_TITLE": "mjproxy",
    "SITE_HEADER": "mjproxy",
    "SITE_SYMBOL": "brush",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {"primary": _VIOLET},
    "DASHBOARD_CALLBACK": "tasks.admin.dashboard.dashboard",
    "STYLES": [lambda request: static("accounts/admin.css")],
    "SCRIPTS": [lambda request: static("accounts/admin.js")],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("accounts/brush.svg"),
        }
    ],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {
                        "title": "Dashboard",
                        "icon": "dashboard",
                        "link": reverse_lazy("admin:index"),
                    },
                    {
                        "title": "Drawing page",
                        "icon": "brush",
                        "link": reverse_lazy("draw"),
                        "active": lambda request: False,  # addresses begin with "/"
                    },
                    {
                        "title": "API",
                        "icon": "api",
                        "link": reverse_lazy("docs"),
                    },
                ],
            },
            {
                "title": "Drawing",
                "separator": True,
                "items": [
                    _page("Tasks", "image", "tasks_task"),
                    _page("Webhook calls", "webhook", "tasks_webhookdelivery"),
                    _page("Banned words", "block", "tasks_bannedwordgroup"),
                    {
                        "title": "Storage now",
                        "icon": "hard_drive",
                        "link": reverse_lazy("admin:tasks_storage_now"),
                    },
                ],
            },
            {
                "title": "Discord",
                "separator": True,
                "items": [
                    _page("Accounts", "smart_toy", "accounts_discordaccount"),
                    _page("Subjects", "sell", "accounts_domaintag"),
                    _page("History", "history", "accounts_accountevent"),
                    _page("Mails", "mail", "accounts_operatormail"),
                    _page("Sessions", "cable", "gateway_gatewaysession"),
                    _page("Questions", "forum", "gateway_accountquery"),
                    _page("Lanes", "swap_vert", "gateway_dispatchlane"),
                    _page("Commands", "terminal", "gateway_commandindex"),
                    _page("Processes", "memory", "gateway_gatewayprocess"),
                ],
            },
            {
                "title": "People",
                "separator": True,
                "items": [
                    _page("Users", "group", "accounts_user"),
                    _page("Groups", "groups", "accounts_usergroup"),
                    _page("API keys", "key", "accounts_apikey"),
                    _page("Bookings", "receipt_long", "accounts_booking"),
                    _page("Prices", "sell", "tasks_price"),
                    _page("Codes to redeem", "redeem", "accounts_redeembatch"),
                    _page("Packages", "inventory_2", "accounts_creditpackage"),
                    _page("Payments", "payments", "accounts_payment"),
                    _page("Invitations", "mark_email_read", "accounts_invitation"),
                    _page("Mails to people", "outgoing_mail", "accounts_personmail"),
                    {
                        "title": "Protection now",
                        "icon": "shield",
                        "link": reverse_lazy("admin:accounts_protection_now"),
                    },
                    _page("Lockouts", "lock_clock", "accounts_lockout"),
                    _page("Audit log", "policy", "accounts_auditentry"),
                    _page("Moving in", "move_to_inbox", "tasks_movein"),
                ],
            },
            {
                # All settings, in the order of a first set-up.
                "title": "Settings",
                "separator": True,
                "items": [
                    _page("Pool", "hub", "accounts_poolsettings"),
                    _page("Discord", "lan", "gateway_gatewaysettings"),
                    _page("Verification", "verified", "accounts_verificationsettings"),
                    _page("Drawing", "palette", "tasks_drawingsettings"),
                    _page("Translation", "translate", "tasks_translationsettings"),
                    _page("Storage", "hard_drive", "tasks_storagesettings"),
                    _page("Face swap", "face", "tasks_swapsettings"),
                    _page("People and site", "public", "accounts_accesssettings"),
                    _page("Protection", "shield", "accounts_protectionsettings"),
                    _page("Mail", "mail", "accounts_mailsettings"),
                    _page("Payment", "payments", "accounts_paymentsettings"),
                    _page("What is kept", "auto_delete", "accounts_retentionsettings"),
                ],
            },
        ],
    },
}
