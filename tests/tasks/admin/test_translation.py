from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from mjproxy.lib.last_answers import Service, last_answers
from tasks.enums import Script, TranslateWay
from tasks.models import TranslationSettings
from tasks.prompts.translation import translate
from tests.http_server import always, never
from tests.tasks.translator_servers import FOX, KEY, gpt, says

SETTINGS = "/admin/tasks/translationsettings/"
TRY = f"{SETTINGS}try/"


def form_of(admin: Client) -> dict[str, Any]:
    """Return what a browser would send back from the settings."""
    fields = admin.get(SETTINGS).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    return {k: v for k, v in values.items() if v is not None and v is not False}


def test_the_translators_secrets_go_in_and_never_come_out(admin: Client) -> None:
    new = {"translator": "GPT", "new_gpt_key": "sk-secret", "new_baidu_secret": "b-s"}
    new |= {"new_deepl_key": "d-secret"}

    admin.post(SETTINGS, form_of(admin) | new)

    row = TranslationSettings.get_solo()
    assert (row.translator, row.gpt_key, row.baidu_secret) == (
        "GPT",
        "sk-secret",
        "b-s",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gpt_key, baidu_secret, deepl_key FROM tasks_translationsettings"
        )
        assert not {"sk-secret", "b-s", "d-secret"} & set(cursor.fetchone())
    page = admin.get(SETTINGS).content.decode()
    assert page.count("One is stored. Leave empty to keep it.") == 3
    assert "-secret" not in page.replace("deepl-secret", "")


def test_a_translators_secret_stays_until_it_is_removed(admin: Client) -> None:
    TranslationSettings.objects.create(pk=1, gpt_key="sk-secret", baidu_secret="b-s")

    admin.post(SETTINGS, form_of(admin) | {"translator_timeout": "7"})
    admin.post(SETTINGS, form_of(admin) | {"remove_gpt_key": "on"})

    row = TranslationSettings.get_solo()
    assert (row.translator_timeout, row.gpt_key, row.baidu_secret) == (7, "", "b-s")


def test_a_secret_that_cannot_be_decrypted_can_be_entered_again(admin: Client) -> None:
    TranslationSettings.objects.create(pk=1, gpt_key="sk-secret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_translationsettings SET gpt_key = 'broken'")

    page = admin.get(SETTINGS).content.decode()
    admin.post(SETTINGS, form_of(admin) | {"new_gpt_key": "sk-new"})

    assert "fits no encryption key" in page
    assert TranslationSettings.get_solo().gpt_key == "sk-new"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("translator", "OTHER"),
        ("scripts", "klingon"),
        ("new_deepl_key", "two words"),
        ("translator_url", "ftp://translator/"),
        ("translator_url", "http:///v1"),
        ("translator_url", "http://translator/ v1"),
        ("translator_timeout", "0"),
        ("translator_timeout", "61"),
        ("gpt_model", ""),
        ("gpt_max_tokens", "0"),
        ("gpt_temperature", "2.1"),
        ("gpt_temperature", "nan"),
    ],
)
def test_a_wrong_setting_of_the_translator_is_named(
    admin: Client, field: str, value: str
) -> None:
    response = admin.post(SETTINGS, form_of(admin) | {field: value})

    assert set(response.context["adminform"].form.errors) == {field}


@pytest.mark.parametrize("url", ["http://gpt:8000/v1", "https://gpt.example/v1/", ""])
def test_a_translator_may_live_anywhere(admin: Client, url: str) -> None:
    admin.post(SETTINGS, form_of(admin) | {"translator_url": url})

    assert TranslationSettings.get_solo().translator_url == url


def test_every_setting_stands_on_the_page_once(admin: Client) -> None:
    sets = admin.get(SETTINGS).context["adminform"]

    shown = [
        getattr(field.field, "name", "") or field.field["name"]
        for each in sets
        for line in each
        for field in line
    ]
    secrets = {"baidu_secret", "gpt_key", "deepl_key"}
    plain = {f.name for f in TranslationSettings._meta.fields} - {"id", *secrets}
    assert sorted(shown) == sorted(
        plain.union({"last_answer"}, *({f"new_{n}", f"remove_{n}"} for n in secrets))
    )


def test_scripts_and_bots_are_chosen(admin: Client) -> None:
    chosen = {"scripts": ["korean", "thai"]}
    without = {k: v for k, v in form_of(admin).items() if k != "for_niji"}

    admin.post(SETTINGS, without | chosen)

    row = TranslationSettings.get_solo()
    assert (row.scripts, row.for_midjourney, row.for_niji) == (
        [Script.KOREAN, Script.THAI],
        True,
        False,
    )


# --- try it ---------------------------------------------------------------------------


def tried(admin: Client, prompt: str = FOX) -> str:
    page: str = admin.post(TRY, {"prompt": prompt}).content.decode()
    return page


def test_a_text_is_tried_with_the_saved_settings(admin: Client) -> None:
    with gpt(says("a <b>red</b> fox")) as server:
        assert "a &lt;b&gt;red&lt;/b&gt; fox --ar 3:2" in tried(
            admin, f"{FOX} --ar 3:2"
        )
        tried(admin, f"{FOX} --ar 3:2")

    assert len(server.calls) == 2  # each try asks


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (always(403), "HTTP 403"),
        (always(body=f"<html>{KEY}</html>"), "an answer that is no JSON object"),
        (always(body=b" " * 2_000_000), "larger than"),
        (never, "timed out"),
    ],
)
def test_a_try_says_why_it_fails(admin: Client, handler: Any, reason: str) -> None:
    with gpt(handler, translator_timeout=1):
        page = tried(admin)

    assert reason in page
    assert KEY not in page


def test_a_try_without_a_translator_or_words_says_so(admin: Client) -> None:
    assert "no translator is chosen" in tried(admin)
    with gpt() as server:
        assert "no words in the chosen scripts" in tried(admin, "a fox")
    assert server.calls == []


@pytest.mark.django_db
def test_a_try_needs_a_permission() -> None:
    client = Client()
    client.force_login(User.objects.create(username="helper", is_staff=True))

    assert client.post(TRY, {"prompt": FOX}).status_code in (302, 403)


# --- the last answer ------------------------------------------------------------------


def test_the_last_answer_is_shown(admin: Client) -> None:
    assert "None yet." in admin.get(SETTINGS).content.decode()

    with gpt():
        translate(FOX)
        assert "A chat model" in admin.get(SETTINGS).content.decode()
        translate(FOX)
    found = last_answers()[Service.TRANSLATOR]
    assert (found.who, found.failure) == (TranslateWay.GPT, "")

    translate("雪")
    assert "failed: cannot connect" in admin.get(SETTINGS).content.decode()
