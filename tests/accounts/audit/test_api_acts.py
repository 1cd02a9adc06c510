"""Acts of operators by the API, and their entries."""

from __future__ import annotations

import json
from typing import Any

from accounts.enums import AccountState
from accounts.models import AuditEntry, DiscordAccount, DomainTag, User
from accounts.people.keys import create_key
from accounts.transfer.accounts import export_file
from tasks.models import BannedWordGroup
from tests.accounts.audit.told import only, told
from tests.conftest import ApiClient
from tests.factories import make_account, make_task

PASSPHRASE = "a long passphrase of mine"


def forget() -> None:
    AuditEntry.objects.all().delete()


def test_an_account_is_added_edited_and_deleted(operator_api: ApiClient) -> None:
    new = {
        "guildId": "1118138338562560101",
        "channelId": "1118138338562560102",
        "userToken": "a-very-secret-token",
        "remark": "new",
    }

    pk = operator_api.send("/mj/admin/account", new).json()["data"]["id"]
    path = f"/mj/admin/account/{pk}"
    operator_api.put(path, {"coreSize": 9}, content_type="application/json")
    operator_api.put(path, {"coreSize": -4}, content_type="application/json")
    operator_api.delete(path)

    actions = [(action, name) for action, _, name, _ in told()]
    assert actions == [("add", "new"), ("change", "new"), ("delete", "new")]
    assert told()[1][3] == {"core_size": ["3", "9"]}
    assert {entry.actor for entry in AuditEntry.objects.all()} == {"olga"}
    assert {entry.origin for entry in AuditEntry.objects.all()} == {"127.0.0.1"}


def test_the_address_is_that_which_the_proxies_say(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    path = f"/mj/admin/account/{account.pk}"

    operator_api.put(
        path,
        {"remark": "x"},
        content_type="application/json",
        REMOTE_ADDR="2001:db8::7",
        HTTP_X_FORWARDED_FOR="203.0.113.9",  # no proxy is trusted here
    )

    assert only().origin == "2001:db8::7"


def test_many_accounts_are_edited_by_one_call(operator_api: ApiClient) -> None:
    for _ in range(3):
        make_account()

    body = {"search": {}, "changes": {"interval": 3, "enable": False}}
    operator_api.put("/mj/admin/accounts", body, content_type="application/json")

    expected = {"interval": ["1.2", "3.0"], "enabled": ["yes", "no"]}
    assert [changes for *_, changes in told()] == [expected] * 3


def test_accounts_are_enabled_by_one_call(operator_api: ApiClient) -> None:
    ids = [str(make_account(enabled=False).pk) for _ in range(2)]

    operator_api.send("/mj/admin/accounts-enable", {"ids": ids})

    assert [changes for *_, changes in told()] == [{"enabled": ["no", "yes"]}] * 2


def test_accounts_are_reconnected(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    operator_api.put(
        f"/mj/admin/account-reconnect/{account.pk}",
        {"id": str(account.pk)},
        content_type="application/json",
    )

    assert [entry[0] for entry in told()] == ["reconnect"]


def test_a_user_and_the_first_key(operator_api: ApiClient) -> None:
    answer = operator_api.send("/mj/admin/user", {"name": "carol"}).json()

    assert [entry[:2] for entry in told()] == [("add", "user"), ("add", "API key")]
    assert answer["data"]["token"] not in str(told())
    assert answer["data"]["webhookSecret"] not in str(told())


def test_subjects(operator_api: ApiClient) -> None:
    operator_api.send("/mj/admin/domain-tag", {"name": "foxes", "keywords": ["fox"]})
    tag = DomainTag.objects.get()
    operator_api.send("/mj/admin/domain-tag", {"id": str(tag.pk), "sort": 4})
    operator_api.delete(f"/mj/admin/domain-tag/{tag.pk}")

    assert [entry[0] for entry in told()] == ["add", "change", "delete"]
    assert told()[1][3] == {"sort": ["0", "4"]}


def test_groups_of_banned_words(operator_api: ApiClient) -> None:
    body = {"name": "cars", "keywords": ["wheel"]}
    operator_api.send("/mj/admin/banned-word", body)
    group = BannedWordGroup.objects.get(name="cars")
    operator_api.send("/mj/admin/banned-word", {"id": group.pk, "sort": 4})
    operator_api.delete(f"/mj/admin/banned-word/{group.pk}")

    assert [entry[0] for entry in told()] == ["add", "change", "delete"]
    assert told()[1][3]["sort"][1] == "4"


def test_users_are_edited_and_deleted(operator_api: ApiClient) -> None:
    body = {
        "name": "emma",
        "token": "the-long-token-of-emma-0123",
        "email": "emma@example.com",
    }
    operator_api.send("/mj/admin/user", body)
    user = User.objects.get(username="emma")
    forget()

    edited = {"id": str(user.pk), "email": "emma@example.org", "dayDrawLimit": 3}
    operator_api.send("/mj/admin/user", edited)
    operator_api.delete(f"/mj/admin/user/{user.pk}")

    acts = [(action, name) for action, kind, name, _ in told() if kind == "user"]
    assert acts == [("change", "emma"), ("delete", "emma")]
    changes = told()[0][3]
    assert changes["email"] == ["emma@example.com", "emma@example.org"]
    assert changes["drawings_a_day"] == ["", "3"]


def test_settings_are_written(operator_api: ApiClient) -> None:
    operator_api.send("/mj/admin/setting", {"guestDefaultDayLimit": 7})
    operator_api.send("/mj/admin/setting", {"guestDefaultDayLimit": -1_000_000_000_000})

    assert [entry[0] for entry in told()] == ["change"]
    assert told()[0][3]["guest_drawings_a_day"][1] == "7"


def test_a_file_of_accounts_is_written_and_read(operator_api: ApiClient) -> None:
    make_account(remark="one")
    file = export_file(DiscordAccount.objects.all(), PASSPHRASE)
    DiscordAccount.objects.all().delete()
    body = {"passphrase": PASSPHRASE, "file": json.loads(file)}

    operator_api.send("/mj/admin/accounts-import", body)
    operator_api.send("/mj/admin/accounts-export", {"passphrase": PASSPHRASE})

    assert [entry[0] for entry in told()] == ["add", "export"]
    assert told()[1][3]["accounts"] == ["", "1"]


def test_a_file_that_is_refused_leaves_no_entry(operator_api: ApiClient) -> None:
    account = make_account(remark="one")
    other = make_account(remark="other")
    file = json.loads(export_file(DiscordAccount.objects.all(), PASSPHRASE))
    DiscordAccount.objects.filter(pk=other.pk).delete()
    DiscordAccount.objects.filter(pk=account.pk).update(remark="x")
    file["accounts"][1]["coreSize"] = 10_000_000
    body: dict[str, Any] = {"passphrase": PASSPHRASE, "existing": "update"}

    answer = operator_api.send("/mj/admin/accounts-import", body | {"file": file})

    assert not answer.json()["success"]
    assert told() == []


def test_a_task_is_removed(operator_api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    operator_api.delete(f"/mj/admin/task/{task.pk}")

    assert [entry[:3] for entry in told()] == [("remove", "task", str(task.pk))]


def test_a_bot_is_asked(operator_api: ApiClient, account: DiscordAccount) -> None:
    operator_api.send(f"/mj/admin/account-command/{account.pk}", {"command": "relax"})

    assert told()[0][0] == "ask the bot"
    assert told()[0][3]["target"] == ["", "relax"]


def test_a_key_without_the_scope_of_operators_changes_nothing(
    operator: User, account: DiscordAccount
) -> None:
    key = create_key(operator, scopes=["draw", "read"])

    ApiClient(key).put(
        f"/mj/admin/account/{account.pk}",
        {"remark": "x"},
        content_type="application/json",
    )

    assert told() == []


def test_drawings_of_an_operator_leave_no_entry(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    answer = operator_api.send("/mj/submit/imagine", {"prompt": "a fox"}).json()

    operator_api.send(f"/mj/task/{answer['result']}/cancel")

    assert told() == []


def test_a_verification_is_passed(operator_api: ApiClient) -> None:
    account = make_account(state=AccountState.VERIFICATION)

    operator_api.send(f"/mj/admin/account-cf/{account.pk}")
    operator_api.send(f"/mj/admin/account-cf/{account.pk}")  # not locked any more

    assert [entry[0] for entry in told()] == ["verification passed"]
