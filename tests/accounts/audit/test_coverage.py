"""Every way by which operators change something is told, or listed with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern

from mjproxy.lib.admin.audited import AuditedAdmin
from mjproxy.lib.audit.commands import AuditedCommand
from tests.access.table import DIALECT, Need

# Calls of operators, with the act that their entry names. Empty: they change nothing.
CALLS: Final = {
    ("admin/task/<task_id>", "DELETE"): "remove",
    ("admin/accounts", "PUT"): "change",
    ("admin/account", "POST"): "add",
    ("admin/account/<account_id>", "PUT"): "change",
    ("admin/account/<account_id>", "DELETE"): "delete",
    ("admin/account-cf/<account_id>", "GET"): "ask for a verification link",
    ("admin/account-cf/<account_id>", "POST"): "verification passed",
    ("admin/account-reconnect/<account_id>", "PUT"): "reconnect",
    ("admin/accounts-enable", "POST"): "change",
    ("admin/accounts-export", "POST"): "export",
    ("admin/accounts-import", "POST"): "add",
    ("admin/account-sync/<account_id>", "POST"): "ask the bot",
    ("admin/account-change-version/<account_id>", "POST"): "ask the bot",
    ("admin/account-action/<account_id>", "POST"): "ask the bot",
    ("admin/account-command/<account_id>", "POST"): "ask the bot",
    ("admin/domain-tag", "POST"): "add",
    ("admin/domain-tag/<tag_id>", "DELETE"): "delete",
    ("admin/user", "POST"): "add",
    ("admin/user/<user_id>", "DELETE"): "delete",
    ("admin/setting", "POST"): "change",
    ("admin/mjplus-migration", "POST"): "move in",
    ("admin/banned-word", "POST"): "add",
    ("admin/banned-word/<group_id>", "DELETE"): "delete",
}
# Actions of the lists in the admin.
ACTIONS: Final = {
    ("accounts.discordaccount", "enable"): "change",
    ("accounts.discordaccount", "disable"): "change",
    ("accounts.discordaccount", "connect_again"): "reconnect",
    ("accounts.discordaccount", "edit_together"): "change",
    ("accounts.discordaccount", "export_accounts"): "export",
    ("accounts.discordaccount", "sync"): "ask the bot",
    ("accounts.user", "add_credits"): "add credits",
    ("accounts.user", "take_credits"): "take credits",
    ("accounts.user", "renew_webhook_secret"): "change",
    ("accounts.user", "remove_second_factors"): "second factors removed",
    ("accounts.apikey", "revoke"): "change",
    ("accounts.lockout", "end"): "delete",
    ("tasks.movein", "stop"): "change",
    ("tasks.task", "cancel"): "cancel",
    ("tasks.task", "resend_webhooks"): "send again",
    ("tasks.webhookdelivery", "send_again"): "send again",
    ("tasks.bannedwordgroup", "export_csv"): "",  # they change nothing
    ("tasks.bannedwordgroup", "export_text"): "",
}
# Pages of the admin that Django does not have.
PAGES: Final = {
    "accounts_discordaccount_ask": "ask the bot",
    "accounts_discordaccount_import_accounts": "add",
    "accounts_protection_now": "unblock",
    "tasks_bannedwordgroup_import_words": "change",
    "tasks_storage_now": "move pictures",
    "tasks_movein_move_in": "move in",
    "tasks_movein_stop": "change",
    "accounts_auditentry_export": "",  # these change nothing
    "tasks_bannedwordgroup_try_words": "",
    "tasks_translation_try": "",
    "gateway_reach": "",
    "accounts_retention_now": "",
}
_DJANGOS: Final = (
    "changelist",
    "add",
    "change",
    "delete",
    "history",
    "password_change",
)
# Commands that change nothing an operator sees, or only start processes.
UNTOLD: Final = {
    "backup": "reads only",
    "check_meters": "reads only",
    "retention": "does early what a job does every hour",
    "rungateway": "runs the product",
}


def _calls() -> Iterator[tuple[str, str]]:
    for route, verbs in DIALECT.items():
        for verb, need in verbs.items():
            if route.startswith("admin/") and need == Need.OPERATOR:
                yield route, verb


def test_every_call_of_operators_is_in_the_table() -> None:
    assert set(_calls()) == CALLS.keys()


def test_every_action_of_the_admin_is_in_the_table() -> None:
    found = {
        (model._meta.label_lower, getattr(action, "__name__", action))
        for model, page in admin.site._registry.items()
        for action in page.actions or ()
    }

    assert found == ACTIONS.keys()


def _patterns(page: Any) -> Iterator[URLPattern]:
    return (each for each in page.get_urls() if isinstance(each, URLPattern))


def test_every_further_page_of_the_admin_is_in_the_table() -> None:
    names = {
        str(pattern.name)
        for page in admin.site._registry.values()
        for pattern in _patterns(page)
        if pattern.name
    }

    assert {n for n in names if not n.endswith(_DJANGOS)} == PAGES.keys()


def test_every_page_of_the_admin_records_its_forms() -> None:
    pages = admin.site._registry.values()

    assert [page for page in pages if not isinstance(page, AuditedAdmin)] == []


def test_every_command_acts_under_its_name_or_changes_nothing() -> None:
    ours = {"accounts", "tasks", "gateway", "mjproxy"}
    commands = {
        name: load_command_class(app, name)
        for name, app in get_commands().items()
        if app in ours
    }

    plain = {n for n, c in commands.items() if not isinstance(c, AuditedCommand)}

    assert {"changepassword", "createsuperuser", "restore"} < commands.keys()
    assert plain == UNTOLD.keys()
