"""The settings over the API: what is shown, what is written, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from accounts.enums import MailSecurity
from accounts.models import (
    AccessSettings,
    MailSettings,
    PoolSettings,
    ProtectionSettings,
    RetentionSettings,
    User,
)
from accounts.people.users import ensure_operator
from accounts.protection.rules import protection
from accounts.selectors import access_settings
from accounts.signup import rules
from mjproxy.setting_document.members import MEMBERS
from tasks.models import StorageSettings, SwapSettings
from tests.conftest import ApiClient

PATH = "/mj/admin/setting"
SMTP = {
    "host": "mail.example",
    "port": 465,
    "enableSsl": True,
    "fromEmail": "a@b.example",
}
LIMITS = {
    "enable": True,
    "whitelist": ["192.0.2.1"],
    "blacklist": ["198.51.100.0/24"],
    "ipRules": {"*/mj/submit/*": {"60": 6}},
    "ip24Rules": {"*/mj/Submit/*": {"60": 30}},
    "ip16Rules": {},
}


def shown(api: ApiClient) -> Any:
    return api.get(PATH).json()["data"]


def refused(api: ApiClient, body: Any) -> str:
    answer = api.send(PATH, body)
    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    return str(said["message"])


def written(api: ApiClient, body: Any) -> None:
    said = api.send(PATH, body).json()
    assert said["success"], said


def test_all_members_are_shown(operator_api: ApiClient) -> None:
    ensure_operator()

    found = shown(operator_api)

    names = {
        f"{name}.{inner}" if isinstance(value, dict) and value else name
        for name, value in found.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    }
    assert names == {m.name for m in MEMBERS} | {"id", "properties"}
    assert found["enableRegister"] is False
    assert found["registerUserDefaultDayLimit"] == -1
    assert found["bannedLimiting"] == {"enable": False, "rules": {}}
    assert found["ipBlackRateLimiting"]["blockTime"] == 1440


def test_what_is_shown_may_be_sent_back(operator_api: ApiClient) -> None:
    ensure_operator()
    MailSettings.objects.create(
        is_on=True, host="mail.example", sender="a@b.example", password="hidden"
    )
    AccessSettings.objects.create(sign_up=True, guest_drawings_a_day=0)
    before = shown(operator_api)

    written(operator_api, before)

    assert shown(operator_api) == before
    assert MailSettings.objects.get().password == "hidden"


def test_members_that_are_not_sent_stay(operator_api: ApiClient) -> None:
    ensure_operator()
    written(
        operator_api,
        {"enableGuest": True, "guestDefaultDayLimit": 7, "ipRateLimiting": LIMITS},
    )

    written(operator_api, {"notify": "hello", "ipRateLimiting": {"enable": False}})

    found = shown(operator_api)
    assert (found["enableGuest"], found["guestDefaultDayLimit"]) == (True, 7)
    assert found["ipRateLimiting"] == LIMITS | {"enable": False}
    assert found["notify"] == "hello"


def test_everything_is_written_where_it_belongs(operator_api: ApiClient) -> None:
    ensure_operator()
    written(
        operator_api,
        {
            "SMTP": SMTP
            | {"fromPassword": "a-password", "to": "x@b.example, y@b.example"},
            "enableRegister": True,
            "registerUserDefaultDayLimit": 5,
            "registerUserDefaultTotalLimit": 0,
            "registerUserDefaultCoreSize": 2,
            "registerUserDefaultQueueSize": -1,
            "guestDefaultCoreSize": 3,
            "guestDefaultQueueSize": 30,
            "isDemoMode": True,
            "bannedLimiting": {"enable": True, "rules": {"5": 60}},
            "ipRateLimiting": LIMITS,
            "ipBlackRateLimiting": LIMITS | {"blockTime": 9},
            "accountChooseRule": "Weight",
            "isVerticalDomain": True,
            "unknown": {"member": 1},
        },
    )

    mail, access = MailSettings.objects.get(), AccessSettings.objects.get()
    assert (mail.is_on, mail.host, mail.port) == (True, "mail.example", 465)
    assert (mail.security, mail.sender) == (MailSecurity.TLS, "a@b.example")
    assert (mail.user, mail.password) == ("a@b.example", "a-password")
    assert mail.recipients.split() == ["x@b.example", "y@b.example"]
    assert (access.sign_up, access.demo_mode) == (True, True)
    assert (access.sign_up_drawings_a_day, access.sign_up_drawings_in_total) == (5, 0)
    assert (access.sign_up_running_at_once, access.sign_up_waiting_at_once) == (2, None)
    guest = User.objects.get(username="guest")
    assert (guest.running_at_once, guest.waiting_at_once) == (3, 30)
    row = ProtectionSettings.objects.get()
    assert (row.refusals_on, row.refusals) == (True, {"5": 60})
    assert row.limits_near == {"*/mj/Submit/*": {"60": 30}}
    assert row.block_minutes == 9
    pool = PoolSettings.objects.get()
    assert (pool.rule, pool.is_vertical_domain) == ("Weight", True)


def test_a_change_counts_at_once(operator_api: ApiClient, memory: None) -> None:
    assert access_settings().allow_without_key is False
    assert protection().limits is None

    written(operator_api, {"enableGuest": True, "ipRateLimiting": LIMITS})

    assert access_settings().allow_without_key is True
    assert protection().limits is not None


@pytest.mark.parametrize("sent", ["", "  ", "****", "***"])
def test_a_masked_secret_is_left_alone(operator_api: ApiClient, sent: str) -> None:
    MailSettings.objects.create(password="the-password-of-mails")

    written(operator_api, {"smtp": {"fromPassword": sent, "port": 25}})

    row = MailSettings.objects.get()
    assert (row.password, row.port) == ("the-password-of-mails", 25)
    text = operator_api.get(PATH).content.decode()
    assert "the-password-of-mails" not in text
    assert json.loads(text)["data"]["smtp"]["fromPassword"] == "****"


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (MailSecurity.NONE, {"enableSsl": True, "port": 465}, MailSecurity.TLS),
        (MailSecurity.NONE, {"enableSsl": True, "port": 587}, MailSecurity.STARTTLS),
        (MailSecurity.TLS, {"enableSsl": True, "port": 2465}, MailSecurity.TLS),
        (MailSecurity.TLS, {"enableSsl": False}, MailSecurity.NONE),
        (MailSecurity.TLS, {"to": ""}, MailSecurity.TLS),
    ],
)
def test_the_encryption_of_mails_follows_the_port(
    operator_api: ApiClient, before: str, sent: dict[str, Any], after: str
) -> None:
    MailSettings.objects.create(security=before)

    written(operator_api, {"smtp": sent})

    assert MailSettings.objects.get().security == after


def test_mails_that_are_off_stay_off_while_the_server_is_the_same(
    operator_api: ApiClient,
) -> None:
    MailSettings.objects.create(is_on=False, host="mail.example", sender="a@b.example")

    written(operator_api, {"smtp": SMTP})

    assert MailSettings.objects.get().is_on is False


def test_a_user_of_the_mail_server_stays(operator_api: ApiClient) -> None:
    MailSettings.objects.create(user="robot", sender="a@b.example")

    written(
        operator_api, {"smtp": {"fromEmail": "c@b.example", "fromPassword": "fresh"}}
    )

    row = MailSettings.objects.get()
    assert (row.user, row.sender, row.password) == ("robot", "c@b.example", "fresh")


@pytest.mark.parametrize(
    "wrong",
    [
        {"enableGuest": "perhaps"},
        {"registerUserDefaultDayLimit": 1_000_000_001},
        {"registerUserDefaultCoreSize": "many"},
        {"guestDefaultQueueSize": 100_001},
        {"notify": 5},
        {"notify": "<b>x</b>"},
        {"notify": "x" * 2001},
        {"smtp": "mail.example"},
        {"smtp": {"host": "http://x/"}},
        {"smtp": {"port": 0}},
        {"smtp": {"port": 65536}},
        {"smtp": {"fromEmail": "nobody"}},
        {"smtp": {"to": "nobody"}},
        {"smtp": {"fromPassword": "x" * 4001}},
        {"bannedLimiting": {"rules": {"0": 5}}},
        {"bannedLimiting": {"rules": {"5": "60"}}},
        {"bannedLimiting": {"rules": []}},
        {"bannedLimiting": []},
        {"ipRateLimiting": {"whitelist": ["nowhere"]}},
        {"ipRateLimiting": {"whitelist": "192.0.2.1"}},
        {"ipRateLimiting": {"blacklist": [["192.0.2.1"]]}},
        {"ipRateLimiting": {"ipRules": {"*": {"0": 1}}}},
        {"ipRateLimiting": {"ipRules": {"*": {"60": {}}}}},
        {"ipRateLimiting": {"ip24Rules": {"a*b": {"60": 1}}}},
        {"ipBlackRateLimiting": {"blockTime": 525_601}},
        {"accountChooseRule": "Best"},
        {"isVerticalDomain": {}},
        {"enableRegister": True},
        {"notify": "a\0b"},
        {"homeTopCount": 101},
        {"maxCount": 1_000_000_001},
        {"maxCount": "many"},
        {"homeDisplayRealIP": 5},
        {"smtp": {"fromName": "x\nBcc: all@example.com"}},
        {"smtp": {"fromName": "x" * 101}},
        {"notifyHook": "ftp://hook.example/"},
        {"notifyHook": "https://hook.example/" + "x" * 2000},
        {"translateWay": "GOOGLE"},
        {"translateWay": 4},
        {"enableMjTranslate": []},
        {"baiduTranslate": {"appid": "x" * 101}},
        {"baiduTranslate": {"appSecret": 5}},
        {"openai": {"gptApiUrl": "file:///etc/passwd"}},
        {"openai": {"gptApiKey": "two words"}},
        {"openai": {"timeout": "00:00:00"}},
        {"openai": {"timeout": "00:01:01"}},
        {"openai": {"timeout": "30"}},
        {"openai": {"timeout": 30}},
        {"openai": {"timeout": "٠٠:٠٠:٣٠"}},
        {"openai": {"model": ""}},
        {"openai": {"maxTokens": 0}},
        {"openai": {"temperature": 2.1}},
        {"openai": {"temperature": "NaN"}},
        {"captchaServer": "helper.example"},
        {"captchaNotifyHook": "https://x.example/?a=1"},
        {"captchaNotifySecret": ["x"]},
        {"ngDiscord": {"server": "https://x.example/#a"}},
        {"ngDiscord": {"wss": "https://x.example"}},
        {"ngDiscord": {"cdn": "https://name:word@x.example"}},
        {"ngDiscord": "https://x.example"},
        {"proxy": {"host": "name:word@proxy.example"}},
        {"proxy": {"host": "proxy.example:8080"}},
        {"proxy": {"host": "gopher://proxy.example"}},
        {"proxy": {"host": "http://[zz]"}},
        {"proxy": {"host": "proxy.example\n"}},
        {"proxy": {"host": "999.1.1.1"}},
        {"proxy": {"port": 65536}},
        {"proxy": "proxy.example"},
        {"enableAutoSyncInfoSetting": "sometimes"},
    ],
    ids=lambda wrong: str(wrong)[:60],
)
def test_a_wrong_value_is_told_and_nothing_is_written(
    operator_api: ApiClient, wrong: dict[str, Any]
) -> None:
    ensure_operator()
    before = shown(operator_api)
    right = {"isDemoMode": True, "guestDefaultCoreSize": 9, "smtp": {"port": 2525}}
    body = right | wrong
    if isinstance(wrong.get("smtp"), dict):
        body["smtp"] = {"port": 2525} | wrong["smtp"]

    assert refused(operator_api, body)

    assert shown(operator_api) == before


def test_an_error_names_its_member(operator_api: ApiClient) -> None:
    said = refused(operator_api, {"ipRateLimiting": {"whitelist": ["nowhere"]}})

    assert "ipRateLimiting.whitelist" in said
    assert "nowhere" in said


def test_a_secret_that_fits_no_key_hinders_nothing(operator_api: ApiClient) -> None:
    MailSettings.objects.create(password="the-password-of-mails")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_mailsettings SET password = 'gAAAAunreadable'")

    written(operator_api, shown(operator_api) | {"notify": "hello"})

    assert shown(operator_api)["smtp"]["fromPassword"] == "****"
    written(operator_api, {"smtp": {"fromPassword": "entered again"}})
    assert MailSettings.objects.get().password == "entered again"


def test_an_error_of_another_member_names_it(operator_api: ApiClient) -> None:
    AccessSettings.objects.create(sign_up=True)  # and no mail can be sent

    assert "enableRegister" in refused(operator_api, {"notify": "hello"})


def test_without_a_guest_user_its_numbers_are_missing(operator_api: ApiClient) -> None:
    written(operator_api, {"guestDefaultCoreSize": 5, "enableGuest": True})

    assert "guestDefaultCoreSize" not in shown(operator_api)
    assert shown(operator_api)["enableGuest"] is True


def test_who_signs_up_is_given_the_limits(operator_api: ApiClient) -> None:
    limits = {"registerUserDefaultDayLimit": 5, "registerUserDefaultQueueSize": 0}
    written(operator_api, limits)
    user = User(username="carol")

    rules.prepare(user, email="carol@example.com", address=None, code="")

    assert (user.drawings_a_day, user.waiting_at_once) == (5, 0)
    assert (user.drawings_in_total, user.running_at_once) == (None, None)


def test_visitors_look_without_what_is_private(stranger: ApiClient) -> None:
    AccessSettings.objects.create(demo_mode=True)
    MailSettings.objects.create(
        host="mail.inside", sender="a@b.example", password="x", recipients="c@d.ex"
    )
    SwapSettings.objects.create(url="http://swaps.inside/v1")
    StorageSettings.objects.create(endpoint="http://store.inside", bucket="b")
    ProtectionSettings.objects.create(limits_black=["198.51.100.7"])

    answer = stranger.get(PATH)

    assert answer.json()["data"]["isDemoMode"] is True
    for private in ("a@b.example", "c@d.ex", "198.51.100.7", ".inside"):
        assert private not in answer.content.decode()


@pytest.mark.parametrize(("sent", "kept"), [(500, 500), (0, 0), (-1, 0)])
def test_tasks_are_kept_up_to_a_number(
    operator_api: ApiClient, sent: int, kept: int
) -> None:
    written(operator_api, {"maxCount": sent})

    assert RetentionSettings.objects.get().task_count == kept
    assert shown(operator_api)["maxCount"] == kept


def test_users_may_neither_look_nor_write(api: ApiClient) -> None:
    assert api.get(PATH).status_code == 401
    assert api.send(PATH, {"isDemoMode": True}).status_code == 401
    assert not AccessSettings.objects.exists()
