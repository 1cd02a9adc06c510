from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User

STATIC = Path(settings.BASE_DIR) / "static"


def test_a_stranger_is_sent_to_sign_in(client: Client) -> None:
    response = client.get("/")

    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/")


def test_a_user_gets_the_page_and_no_way_to_the_admin(
    client: Client, alice: User
) -> None:
    client.force_login(alice)

    response = client.get("/")
    page = response.content.decode()

    assert response.status_code == 200
    assert f'data-user="{alice.pk}"' in page
    assert "/admin/" not in page
    assert "Discord and Midjourney forbid that" in page
    assert settings.CSRF_COOKIE_NAME in response.cookies


def test_an_operator_finds_the_admin(client: Client, operator: User) -> None:
    client.force_login(operator)

    assert "/admin/" in client.get("/").content.decode()


def test_the_policy_lets_nothing_in_but_ours(client: Client, alice: User) -> None:
    client.force_login(alice)

    response = client.get("/")
    policy = response["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "ws://testserver" in policy
    assert "unsafe" not in policy
    assert not re.search(rb"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", response.content)


@pytest.mark.parametrize(
    "file",
    sorted(p for p in STATIC.rglob("*") if p.suffix in {".js", ".css"}),
    ids=lambda file: file.name,
)
def test_scripts_and_styles_are_small_and_name_no_foreign_host(file: Path) -> None:
    text = file.read_text()

    assert len(text.splitlines()) < 400
    assert not re.search(r"https?://(?!\$)[a-z]", text)


def test_every_word_that_scripts_say_is_in_the_list_of_words() -> None:
    words = (STATIC / "tasks/texts.js").read_text()
    known = set(re.findall(r"^  (\w+):", words, re.M))
    said: set[str] = set()
    for file in (STATIC / "tasks").glob("*.js"):
        said |= set(re.findall(r'\bsay\("(\w+)"', file.read_text()))

    assert said <= known
