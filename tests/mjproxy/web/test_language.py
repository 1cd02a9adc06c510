"""The language of a page: chosen, asked for, and English in the admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import get_resolver, set_urlconf
from django.utils import translation

from accounts.models import User
from mjproxy.lib.audit.records import kind_of
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db

ENGLISH, CHINESE = "Sign in to mjproxy", "登录 mjproxy"


def page(client: Client, asked: str = "", path: str = "/sign-in") -> str:
    headers = {"Accept-Language": asked} if asked else {}
    return client.get(path, headers=headers).content.decode()


def choose(client: Client, language: str, after: str = "/sign-in") -> str:
    answer = client.post("/language", {"language": language, "next": after})
    assert answer.status_code == 302
    return answer["Location"]


@pytest.mark.parametrize(
    ("asked", "lang", "heading"),
    [
        ("", "en", ENGLISH),
        ("en-GB,en;q=0.9", "en", ENGLISH),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-hans", CHINESE),
        ("zh", "zh-hans", CHINESE),
        ("zh-TW", "zh-hans", CHINESE),  # nearer than English
        ("de,fr;q=0.5", "en", ENGLISH),
        ("fr,zh-CN;q=0.5", "zh-hans", CHINESE),
    ],
)
def test_a_browser_gets_the_language_that_it_asks_for(
    client: Client, asked: str, lang: str, heading: str
) -> None:
    shown = page(client, asked)

    assert f'<html lang="{lang}">' in shown
    assert heading in shown


def test_a_person_changes_the_language_in_both_directions(client: Client) -> None:
    assert choose(client, "zh-hans") == "/sign-in"
    chinese = page(client, "en")
    choose(client, "en")
    english = page(client, "zh-CN")

    assert CHINESE in chinese
    assert '<html lang="zh-hans">' in chinese
    assert ENGLISH in english
    assert '<html lang="en">' in english


def test_the_choice_is_kept_in_a_cookie_that_scripts_do_not_read(
    client: Client,
) -> None:
    choose(client, "zh-hans")

    cookie = client.cookies["mjproxy_language"]
    assert cookie.value == "zh-hans"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == 365 * 24 * 3600


def test_each_page_offers_both_and_says_which_one_it_is(client: Client) -> None:
    shown = page(client, "zh-CN", "/sign-in?next=/me/keys")

    buttons = re.findall(r'<button[^>]*name="language"[^>]*>[^<]+', shown)
    assert [each.rpartition(">")[2] for each in buttons] == ["English", "简体中文"]
    assert ["aria-current" in each for each in buttons] == [False, True]
    assert 'name="next" value="/sign-in?next=/me/keys"' in shown


def test_an_answer_to_a_form_offers_none_because_it_cannot_be_shown_again(
    client: Client,
) -> None:
    answer = client.post("/sign-in", {"username": "x", "password": "y"})

    assert answer.status_code == 403
    assert b'name="language"' not in answer.content


@pytest.mark.parametrize(
    "after",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""],
)
def test_the_way_back_stays_here(client: Client, after: str) -> None:
    assert choose(client, "zh-hans", after) == "/"


@pytest.mark.parametrize("language", ["", "xx", "de", "../../etc", "z" * 5000, "zh\0"])
def test_a_language_that_is_none_changes_nothing(client: Client, language: str) -> None:
    choose(client, language)

    assert ENGLISH in page(client)


@pytest.mark.parametrize("value", ["xx", "zh\0", "../..", "z" * 3000])
def test_a_cookie_that_somebody_wrote_is_harmless(client: Client, value: str) -> None:
    client.cookies["mjproxy_language"] = value

    assert ENGLISH in page(client)


def test_another_site_cannot_change_the_language() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/language", {"language": "zh-hans"})

    assert answer.status_code == 403
    assert "mjproxy_language" not in answer.cookies
    assert client.get("/language").status_code == 405


@pytest.mark.parametrize(
    ("status", "heading"), [(404, "页面不存在"), (403, "表单已过期")]
)
def test_an_error_is_said_in_chinese(status: int, heading: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "zh-CN"})

    answer = client.get("/nothing") if status == 404 else client.post("/sign-in")

    assert answer.status_code == status
    assert heading in answer.content.decode()


# --- the admin ------------------------------------------------------------------------


@pytest.fixture
def chinese_operator(db: None) -> Client:
    client = Client(headers={"Accept-Language": "zh-CN"})
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))
    client.cookies["mjproxy_language"] = "zh-hans"
    return client


def test_the_admin_is_in_english_as_a_whole(chinese_operator: Client) -> None:
    account = make_account()
    pages = [
        "/admin/",
        "/admin/accounts/user/",
        f"/admin/accounts/user/{User.objects.get(username='olga').pk}/change/",
        "/admin/accounts/discordaccount/add/",
        f"/accounts/{account.pk}/verification",
        "/admin/jsi18n/",
    ]

    for path in pages:
        answer = chinese_operator.get(path)
        assert answer.status_code == 200, path
        shown = answer.content.decode().replace("校准前该机器不工作", "")
        assert re.findall(r"[\u4e00-\u9fff]+", shown) == [], path
        assert answer["Content-Language"] == "en"


def test_after_the_admin_the_pages_are_in_chinese_again(
    chinese_operator: Client,
) -> None:
    chinese_operator.get("/admin/")

    assert "您的账户" in page(chinese_operator, path="/account/")


def test_every_view_of_the_admin_lies_where_english_is_spoken() -> None:
    set_urlconf(None)
    outside = {
        str(each.pattern)
        for each in get_resolver().url_patterns
        if getattr(each, "app_name", None) == "admin"
    }

    assert outside == {"admin/"}


def test_the_audit_log_names_kinds_in_one_language() -> None:
    with translation.override("zh-hans"):
        there = str(Permission._meta.verbose_name)
        assert re.search(r"[\u4e00-\u9fff]", there), "Django translates this one"

        kind = kind_of(Permission)

        assert translation.get_language() == "zh-hans"
    assert kind == "permission"
