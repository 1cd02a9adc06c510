"""Members of services outside: translator, Discord, proxy, verification, hook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from accounts.models import (
    AccessSettings,
    DiscordAccount,
    MailSettings,
    VerificationSettings,
)
from gateway.models import GatewaySettings
from tasks.enums import TranslateWay
from tasks.models import (
    DrawingSettings,
    StorageSettings,
    SwapSettings,
    Task,
    TranslationSettings,
)
from tests.conftest import ApiClient
from tests.mjproxy.setting_document.test_views import PATH, refused, shown, written
from tests.pictures import data_url, picture

PROXY = "http://name:word@proxy.example:3128"
SECRETS: dict[str, tuple[Any, str]] = {
    "baiduTranslate.appSecret": (TranslationSettings, "baidu_secret"),
    "openai.gptApiKey": (TranslationSettings, "gpt_key"),
    "captchaNotifySecret": (VerificationSettings, "secret"),
}


def body_of(name: str, value: Any) -> dict[str, Any]:
    outer, _, inner = name.rpartition(".")
    return {outer: {inner: value}} if outer else {inner: value}


def member(found: Any, name: str) -> Any:
    for part in name.split("."):
        found = found[part]
    return found


def test_the_translator_is_written(operator_api: ApiClient) -> None:
    written(
        operator_api,
        {
            "translateWay": "gpt",
            "enableMjTranslate": False,
            "enableNijiTranslate": False,
            "baiduTranslate": {"appid": "7", "appSecret": "s"},
            "openai": {
                "gptApiUrl": "https://chat.example/v1?version=2",
                "gptApiKey": "sk-key",
                "timeout": "00:00:45",
                "model": "small",
                "maxTokens": 100,
                "temperature": 0.5,
            },
        },
    )

    row = TranslationSettings.get_solo()
    assert (row.translator, row.for_midjourney, row.for_niji) == ("GPT", False, False)
    assert (row.baidu_app_id, row.baidu_secret) == ("7", "s")
    assert row.translator_url == "https://chat.example/v1?version=2"
    assert (row.gpt_key, row.translator_timeout) == ("sk-key", 45)
    assert (row.gpt_model, row.gpt_max_tokens, row.gpt_temperature) == (
        *("small", 100, 0.5),
    )
    assert shown(operator_api)["openai"]["timeout"] == "00:00:45"


@pytest.mark.parametrize(
    ("sent", "kept", "seen"),
    [
        ("NULL", TranslateWay.NONE, "NULL"),
        (0, TranslateWay.NONE, "NULL"),
        (1, TranslateWay.BAIDU, "BAIDU"),
        ("DeepL", TranslateWay.DEEPL, "DEEPL"),
    ],
)
def test_the_translator_has_the_words_of_the_dialect(
    operator_api: ApiClient, sent: object, kept: str, seen: str
) -> None:
    TranslationSettings.objects.create(translator=TranslateWay.GPT)

    written(operator_api, {"translateWay": sent})

    assert TranslationSettings.get_solo().translator == kept
    assert shown(operator_api)["translateWay"] == seen


def test_discord_verification_hook_and_first_page_are_written(
    operator_api: ApiClient,
) -> None:
    ng = {
        "server": "https://d.example/base",
        "cdn": "https://cdn.example",
        "wss": "wss://g.example",
        "resumeWss": "wss://r.example",
        "uploadServer": "https://up.example",
    }
    written(
        operator_api,
        {
            "ngDiscord": ng,
            "captchaServer": "https://helper.example",
            "captchaNotifyHook": "https://here.example",
            "captchaNotifySecret": "between us",
            "notifyHook": "https://hook.example/a?b=c",
            "homeTopCount": 3,
            "homeDisplayRealIP": True,
            "smtp": {"fromName": "Zoë's pictures"},
        },
    )

    row = GatewaySettings.get_solo()
    assert (row.server, row.cdn, row.wss) == (ng["server"], ng["cdn"], ng["wss"])
    assert (row.resume_wss, row.upload_server) == (ng["resumeWss"], ng["uploadServer"])
    helper = VerificationSettings.get_solo()
    assert helper.server_url == "https://helper.example"
    assert (helper.notify_base, helper.secret) == ("https://here.example", "between us")
    assert DrawingSettings.get_solo().notify_hook == "https://hook.example/a?b=c"
    access = AccessSettings.get_solo()
    assert (access.home_addresses, access.home_whole_addresses) == (3, True)
    assert MailSettings.get_solo().sender_name == "Zoë's pictures"
    assert shown(operator_api)["ngDiscord"] == ng | {"saveToLocal": True}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("sent", ["****", ""])
def test_secrets_are_masked_and_stay(
    operator_api: ApiClient, name: str, sent: str
) -> None:
    model, column = SECRETS[name]
    model.objects.create(**{column: "very-secret"})

    assert member(shown(operator_api), name) == "****"
    assert "very-secret" not in operator_api.get(PATH).content.decode()
    written(operator_api, body_of(name, sent))

    assert getattr(model.objects.get(), column) == "very-secret"
    written(operator_api, body_of(name, "another"))
    assert getattr(model.objects.get(), column) == "another"


@pytest.mark.parametrize(
    ("name", "column"),
    [(name, column) for name, (_, column) in SECRETS.items()]
    + [("proxy.port", "proxy_url")],
)
def test_secrets_that_fit_no_key_hinder_nothing(
    operator_api: ApiClient, name: str, column: str
) -> None:
    model: Any = SECRETS[name][0] if name in SECRETS else GatewaySettings
    model.objects.create()
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = 'gAAAAunreadable'")  # noqa: S608

    written(operator_api, shown(operator_api) | {"notify": "hello"})

    assert shown(operator_api)["notify"] == "hello"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608
        assert cursor.fetchone() == ("gAAAAunreadable",)


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (PROXY, {"host": "proxy.example", "port": 3128}, PROXY),
        (PROXY, {"port": 8080}, "http://name:word@proxy.example:8080"),
        (PROXY, {"host": "other.example"}, "http://other.example:3128"),
        (PROXY, {"host": "b.example", "port": 1}, "http://b.example:1"),
        (PROXY, {"host": ""}, ""),
        ("", {"host": "", "port": 80}, ""),
        ("", {"port": 8080}, ""),
        ("", {"host": "a.example"}, "http://a.example:80"),
        ("", {"host": "socks5://a.example", "port": 9}, "socks5://a.example:9"),
        (
            "socks5://a.example:9",
            {"host": "socks5://a.example"},
            "socks5://a.example:9",
        ),
        ("", {"host": "[2001:db8::1]", "port": 8}, "http://[2001:db8::1]:8"),
        ("http://a.example", {"host": "a.example", "port": 80}, "http://a.example"),
    ],
)
def test_a_proxy_has_a_host_and_a_port(
    operator_api: ApiClient, before: str, sent: dict[str, Any], after: str
) -> None:
    GatewaySettings.objects.create(proxy_url=before)

    written(operator_api, {"proxy": sent})

    assert GatewaySettings.objects.get().proxy_url == after


def test_the_name_and_password_of_a_proxy_are_not_shown(
    operator_api: ApiClient,
) -> None:
    GatewaySettings.objects.create(proxy_url=PROXY)

    assert shown(operator_api)["proxy"] == {"host": "proxy.example", "port": 3128}


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [(0, True, 360), (90, True, 90), (90, False, 0), (0, False, 0)],
)
def test_reading_accounts_is_switched_and_its_period_stays(
    operator_api: ApiClient, before: int, sent: bool, after: int
) -> None:
    GatewaySettings.objects.create(sync_minutes=before)

    written(operator_api, {"enableAutoSyncInfoSetting": sent})

    assert GatewaySettings.objects.get().sync_minutes == after
    assert shown(operator_api)["enableAutoSyncInfoSetting"] is bool(after)


def test_visitors_see_no_address_of_the_operators(stranger: ApiClient) -> None:
    AccessSettings.objects.create(demo_mode=True)
    GatewaySettings.objects.create(
        proxy_url=PROXY, server="https://reverse.example", wss="wss://reverse.example"
    )
    VerificationSettings.objects.create(server_url="https://helper.example")
    DrawingSettings.objects.create(notify_hook="https://hook.example")
    TranslationSettings.objects.create(
        translator_url="https://chat.example", baidu_app_id="2023-app"
    )
    MailSettings.objects.create(host="mail.example", sender="a@sender.example")
    SwapSettings.objects.create(url="https://swap.example/v1", reason="our-reason")
    StorageSettings.objects.create(
        endpoint="https://minio.example", bucket="our-bucket", access_key="our-key"
    )

    text = stranger.get(PATH).content.decode()

    for private in ("proxy", "reverse", "helper", "hook", "chat"):
        assert f"{private}.example" not in text
    for private in ("mail", "sender", "swap", "minio"):
        assert f"{private}.example" not in text
    for private in ("2023-app", "our-reason", "our-bucket", "our-key"):
        assert private not in text
    assert json.loads(text)["data"]["openai"]["maxTokens"] == 2048


@pytest.mark.parametrize(
    "body",
    [
        {"x" * 100_000: 1},
        {f"member{number}": {"a": [number]} for number in range(20_000)},
        {"openai": {f"m{number}": number for number in range(20_000)}},
    ],
    ids=["a long name", "many members", "many inside"],
)
def test_unknown_members_change_nothing_however_many(
    operator_api: ApiClient, body: dict[str, Any]
) -> None:
    before = shown(operator_api)

    written(operator_api, body)

    assert shown(operator_api) == before


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {"ipRateLimiting": {"whitelist": ["192.0.2.1"] * 100_001}},
        {"notify": "x" * 2_000_000},
        {"openai": {"gptApiKey": "k" * 1_000_000}},
    ],
    ids=["a list", "a text", "many items", "a long text", "a long secret"],
)
def test_huge_and_foreign_documents_are_refused(
    operator_api: ApiClient, body: Any
) -> None:
    before = shown(operator_api)

    answer = operator_api.send(PATH, body)

    assert answer.status_code in (200, 400, 413)
    assert answer.status_code != 200 or answer.json()["success"] is False
    assert shown(operator_api) == before


def test_a_refusal_names_the_members_of_the_dialect(operator_api: ApiClient) -> None:
    said = refused(operator_api, {"ngDiscord": {"wss": "https://x.example"}})

    assert "ngDiscord.wss" in said


def test_pictures_in_requests_are_switched_off(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    written(operator_api, {"enableUserCustomUploadBase64": False})
    sent = {"prompt": "a red fox", "base64Array": [data_url(picture())]}

    said = operator_api.send("/mj/submit/imagine", sent).json()

    assert (said["code"], said["description"]) == (4, "禁止上传")
    assert not Task.objects.exists()
    sent["base64Array"] = ["https://a.example/fox.png"]
    assert operator_api.send("/mj/submit/imagine", sent).json()["code"] == 1
