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


def _settings(title: str, model: str) -> Item:
    return _page(title, "tune", model)


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
                    _page("Banned words", "block", "tasks_bannedword"),
                    _settings("Drawing settings", "tasks_drawingsettings"),
                ],
            },
            {
                "title": "Discord",
                "separator": True,
                "items": [
                    _page("Accounts", "smart_toy", "accounts_discordaccount"),
                    _page("Subjects", "sell", "accounts_domaintag"),
                    _settings("Pool settings", "accounts_poolsettings"),
                    _page("History", "history", "accounts_accountevent"),
                    _page("Mails", "mail", "accounts_operatormail"),
                    _page("Sessions", "cable", "gateway_gatewaysession"),
                    _page("Questions", "forum", "gateway_accountquery"),
                    _page("Lanes", "swap_vert", "gateway_dispatchlane"),
                    _page("Commands", "terminal", "gateway_commandindex"),
                    _page("Processes", "memory", "gateway_gatewayprocess"),
                    _settings("Verification", "accounts_verificationsettings"),
                    _settings("Gateway settings", "gateway_gatewaysettings"),
                    _settings("Mail settings", "accounts_mailsettings"),
                ],
            },
            {
                "title": "People",
                "separator": True,
                "items": [
                    _page("Users", "group", "accounts_user"),
                    _page("API keys", "key", "accounts_apikey"),
                    _settings("Access settings", "accounts_accesssettings"),
                ],
            },
        ],
    },
}
