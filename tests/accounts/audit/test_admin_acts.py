"""Acts of operators in the admin, and their entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.choice.pool_settings import pool
from accounts.editing.save import set_enabled
from accounts.models import (
    ApiKey,
    AuditEntry,
    DiscordAccount,
    DomainTag,
    Lockout,
    MailSettings,
    RedeemBatch,
    User,
    UserGroup,
)
from accounts.people.keys import create_key
from accounts.protection import counters
from tasks.enums import DeliveryState
from tasks.models import BannedWordGroup, WebhookDelivery
from tests.accounts.admin.test_people import form_of
from tests.accounts.audit.told import only, told
from tests.factories import make_account, make_task, make_user

ACCOUNTS = "/admin/accounts/discordaccount/"
USERS = "/admin/accounts/user/"
RETENTION = "/admin/accounts/retentionsettings/"
KEPT = {
    "task_days": "0",
    "task_count": "0",
    "picture_days": "0",
    "preview_hours": "1",
    "call_days": "30",
    "event_days": "90",
    "mail_days": "90",
}
GROUPS = "/admin/tasks/bannedwordgroup/"


def act(admin: Client, address: str, action: str, *rows: Any, **fields: Any) -> Any:
    picked = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    return admin.post(address, picked | fields, follow=True)


def test_an_entry_says_who_when_what_and_from_where(
    admin: Client, account: DiscordAccount
) -> None:
    address = f"{ACCOUNTS}{account.pk}/change/"
    form = form_of(admin, address) | {"remark": "the night one", "core_size": 7}

    admin.post(address, form, REMOTE_ADDR="192.0.2.7")

    entry = only()
    olaf = User.objects.get(username="olaf")
    assert (entry.user_id, entry.actor, entry.origin) == (olaf.pk, "olaf", "192.0.2.7")
    assert timezone.now() - entry.at < timedelta(minutes=5)
    assert (entry.action, entry.kind) == ("change", "Discord account")
    assert (entry.object_id, entry.name) == (str(account.pk), "the night one")
    assert entry.changes == {"remark": ["", "the night one"], "core_size": ["3", "7"]}


def test_saving_without_a_change_leaves_no_entry(
    admin: Client, account: DiscordAccount
) -> None:
    address = f"{ACCOUNTS}{account.pk}/change/"

    admin.post(address, form_of(admin, address))

    assert told() == []


def test_a_form_with_an_error_leaves_no_entry(
    admin: Client, account: DiscordAccount
) -> None:
    address = f"{ACCOUNTS}{account.pk}/change/"

    admin.post(address, form_of(admin, address) | {"core_size": 0, "remark": "x"})

    assert told() == []


def test_a_change_that_is_rolled_back_leaves_no_entry(
    admin: Client, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(pool, "drop", fails)
    address = f"{ACCOUNTS}{account.pk}/change/"
    form = form_of(admin, address) | {"remark": "x"}
    admin.raise_request_exception = False

    response = admin.post(address, form)

    assert response.status_code == 500
    assert told() == []
    account.refresh_from_db()
    assert account.remark == ""


def test_sub_channels_and_subjects_are_told_by_name(
    admin: Client, account: DiscordAccount
) -> None:
    tag = DomainTag.objects.create(name="foxes", keywords=["fox"])
    address = f"{ACCOUNTS}{account.pk}/change/"
    link = "https://discord.com/channels/1118138338562560101/1118138338562560199"
    changed = {"sub_channels": link, "vertical_domains": [tag.pk]}

    admin.post(address, form_of(admin, address) | changed)

    assert only().changes == {
        "sub_channels": ["", link],
        "vertical_domains": ["", f"foxes ({tag.pk})"],
    }


def test_a_new_row_tells_what_differs_from_the_defaults(admin: Client) -> None:
    form = form_of(admin, f"{ACCOUNTS}add/") | {
        "guild_id": "1118138338562560101",
        "channel_id": "1118138338562560102",
        "new_user_token": "a-very-secret-token",
    }

    admin.post(f"{ACCOUNTS}add/", form)

    assert told() == [
        (
            "add",
            "Discord account",
            "#1118138338562560102",
            {
                "guild_id": ["", "1118138338562560101"],
                "channel_id": ["", "1118138338562560102"],
                "user_token": "changed",
            },
        )
    ]


def test_a_deleted_row_is_told_with_what_it_was(admin: Client) -> None:
    account = make_account(remark="old")

    admin.post(f"{ACCOUNTS}{account.pk}/delete/", {"post": "yes"})

    action, _, name, changes = told()[0]
    assert (action, name) == ("delete", "old")
    assert changes["remark"] == ["old", ""]
    assert changes["user_token"] == "changed"


@pytest.mark.parametrize(
    ("address", "make"),
    [
        (ACCOUNTS, lambda: make_account(remark="one")),
        (USERS, lambda: make_user("one")),
        ("/admin/accounts/domaintag/", lambda: DomainTag.objects.create(name="one")),
        (GROUPS, lambda: BannedWordGroup.objects.create(name="one")),
    ],
)
def test_rows_deleted_in_the_list_are_told(
    admin: Client, address: str, make: Any
) -> None:
    row = make()

    act(admin, address, "delete_selected", row, post="yes")

    assert [(action, name) for action, _, name, _ in told()] == [("delete", "one")]


def test_many_accounts_edited_together_have_an_entry_each(admin: Client) -> None:
    accounts = [make_account(remark=f"no. {n}") for n in range(3)]
    fields = {"apply": "1", "change_interval": "on", "interval": "3"}

    act(admin, ACCOUNTS, "edit_together", *accounts, **fields)

    assert [(name, changes) for _, _, name, changes in told()] == [
        (f"no. {n}", {"interval": ["1.2", "3.0"]}) for n in range(3)
    ]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("disable", ("change", {"enabled": ["yes", "no"]})),
        ("connect_again", ("reconnect", {})),
    ],
)
def test_an_action_on_accounts(
    admin: Client, account: DiscordAccount, action: str, expected: Any
) -> None:
    act(admin, ACCOUNTS, action, account)

    assert [(entry[0], entry[3]) for entry in told()] == [expected]


def test_credits_that_are_added_and_taken(admin: Client, alice: User) -> None:
    AuditEntry.objects.all().delete()
    fields = {"apply": "1", "amount": "5", "note": "=HELLO()"}

    act(admin, USERS, "add_credits", alice, **fields, form=str(uuid4()))
    act(admin, USERS, "take_credits", alice, **fields, form=str(uuid4()))
    # Refused: none are left.
    act(admin, USERS, "take_credits", alice, **fields, form=str(uuid4()))

    facts = {"credits": ["", "5"], "note": ["", "=HELLO()"]}
    assert told() == [
        ("add credits", "user", "alice", facts),
        ("take credits", "user", "alice", facts),
    ]


def test_keys_are_made_and_revoked(admin: Client, alice: User) -> None:
    form = form_of(admin, "/admin/accounts/apikey/add/")
    wanted = {"owner": alice.pk, "name": "phone", "scopes": ["draw"]}

    admin.post("/admin/accounts/apikey/add/", form | wanted)
    key = ApiKey.objects.get(name="phone")
    act(admin, "/admin/accounts/apikey/", "revoke", key)

    added, revoked = told()
    assert added[:3] == ("add", "API key", str(key))
    assert added[3]["owner"] == ["", f"alice ({alice.pk})"]
    assert added[3]["digest"] == "changed"
    assert revoked == ("change", "API key", str(key), {"is_active": ["yes", "no"]})


def test_codes_are_made(admin: Client) -> None:
    admin.post(
        "/admin/accounts/redeembatch/add/",
        {"credits": 5, "size": 3, "note": "fair", "is_on": "on"},
    )

    batch = RedeemBatch.objects.get()
    assert [entry[:3] for entry in told()] == [("add", "batch of codes", str(batch))]
    assert told()[0][3]["size"] == ["", "3"]


def test_settings_and_their_secrets(admin: Client) -> None:
    address = "/admin/accounts/mailsettings/"
    secret = {"host": "mail.example", "new_password": "the-first-one"}

    admin.post(address, form_of(admin, address) | secret)
    admin.post(address, form_of(admin, address) | {"host": "other.example"})

    (*_, first), (*_, second) = told()
    assert first == {"host": ["", "mail.example"], "password": "changed"}
    assert second == {"host": ["mail.example", "other.example"]}
    assert MailSettings.get_solo().password == "the-first-one"


def test_the_setting_of_the_log_itself_is_told(admin: Client) -> None:
    admin.post(RETENTION, KEPT | {"audit_days": "30"})

    changes = {"audit_days": ["365", "30"]}
    assert told() == [("change", "retention settings", "Retention settings", changes)]


@pytest.mark.parametrize("days", ["0", "3651", "-1", "x", ""])
def test_the_setting_has_two_bounds(admin: Client, days: str) -> None:
    response = admin.post(RETENTION, KEPT | {"audit_days": days})

    assert response.status_code == 200
    assert told() == []


def test_a_password_set_by_an_operator(admin: Client, alice: User) -> None:
    AuditEntry.objects.all().delete()
    words = "a-long-enough-password"

    admin.post(
        f"{USERS}{alice.pk}/password/",
        {"usable_password": "true", "password1": words, "password2": words},
    )

    assert told() == [("change", "user", "alice", {"password": "changed"})]


def test_an_operator_makes_a_user(admin: Client) -> None:
    words = "a-long-enough-password"

    admin.post(
        f"{USERS}add/",
        {
            "username": "carol",
            "usable_password": "true",
            "password1": words,
            "password2": words,
        },
    )

    action, kind, name, changes = told()[0]
    assert (action, kind, name) == ("add", "user", "carol")
    assert changes["webhook_secret"] == changes["password"] == "changed"


def test_tasks_that_are_cancelled_and_lockouts_that_are_ended(
    admin: Client, alice: User
) -> None:
    AuditEntry.objects.all().delete()
    task = make_task(alice)
    now = timezone.now()
    lockout = Lockout.objects.create(
        user=alice, refusals=3, since=now, until=now + timedelta(hours=1)
    )

    act(admin, "/admin/tasks/task/", "cancel", task)
    act(admin, "/admin/accounts/lockout/", "end", lockout)

    assert [entry[:3] for entry in told()] == [
        ("cancel", "task", str(task.pk)),
        ("delete", "lockout", "lockout of alice"),
    ]


def test_users_who_change_their_own_things_leave_no_entry(alice: User) -> None:
    page = Client()
    page.force_login(alice)

    page.post("/me/keys", {"name": "phone", "scopes": ["draw"]})

    assert alice.api_keys.count() == 2
    assert told() == []


def test_the_product_itself_leaves_no_entry(account: DiscordAccount) -> None:
    set_enabled(account, enabled=False)
    create_key(make_user("dave"))
    make_task(make_user("erin"))

    assert told() == []


def test_an_address_is_unblocked(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "unblock", lambda address: True)

    admin.post("/admin/accounts/protectionsettings/now/", {"address": "192.0.2.9"})

    assert [entry[:3] for entry in told()] == [("unblock", "", "192.0.2.9")]


def test_webhook_secrets_and_second_factors_of_a_user(
    admin: Client, alice: User
) -> None:
    AuditEntry.objects.all().delete()
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "canary"})

    act(admin, USERS, "renew_webhook_secret", alice)
    act(admin, USERS, "remove_second_factors", alice)
    act(admin, USERS, "remove_second_factors", alice)  # none are left

    assert [(entry[0], entry[3]) for entry in told()] == [
        ("change", {"webhook_secret": "changed"}),
        ("second factors removed", {"number": ["", "1"]}),
    ]


def test_webhooks_that_are_sent_again(admin: Client, alice: User) -> None:
    task = make_task(alice, notify_hook="https://hooks.example/x")
    call = WebhookDelivery.objects.create(
        task=task,
        owner=alice,
        revision=1,
        status=task.status,
        url="https://hooks.example/x",
        body="{}",
        state=DeliveryState.GIVEN_UP,
        next_attempt_at=None,
    )

    act(admin, "/admin/tasks/webhookdelivery/", "send_again", call)

    assert [entry[:2] for entry in told()] == [("send again", "webhook delivery")]


def test_a_hostile_name_is_stored_as_plain_text(admin: Client) -> None:
    group = UserGroup.objects.create(name="<b>=1+1\u202e\x1b")

    admin.post(f"/admin/accounts/usergroup/{group.pk}/delete/", {"post": "yes"})

    assert told()[0][2] == "<b>=1+1\ufffd\ufffd"
