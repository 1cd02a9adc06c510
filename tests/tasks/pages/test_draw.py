from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AccessSettings, User
from tasks.models import DrawingSettings, SwapSettings

STATIC = Path(settings.BASE_DIR) / "static"


def test_a_stranger_is_sent_to_sign_in(client: Client, db: None) -> None:
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


def test_a_visitor_of_a_demo_sees_the_page_and_may_sign_in(
    client: Client, db: None
) -> None:
    access = AccessSettings.get_solo()
    access.demo_mode = True
    access.save()

    page = client.get("/").content.decode()

    assert " data-visitor" in page
    assert 'data-testid="to-sign-in"' in page
    assert 'data-testid="sign-out"' not in page


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


@pytest.fixture
def swaps_on(db: None) -> SwapSettings:
    row = SwapSettings.get_solo()
    row.enabled = row.video_enabled = True
    row.reason, row.token = "for the tests", "a-token"
    row.save()
    return row


@pytest.fixture
def swapper(alice: User) -> User:
    """A user who may swap faces."""
    alice.may_swap_faces = True
    alice.save()
    return alice


def test_face_swap_is_offered_with_its_limits_to_who_may(
    client: Client, swapper: User, swaps_on: SwapSettings
) -> None:
    swaps_on.max_bytes, swaps_on.video_timeout_minutes = 20 << 20, 12
    swaps_on.save()
    client.force_login(swapper)

    page = client.get("/").content.decode()

    assert 'data-mode="swap"' in page
    assert f'data-picture-bytes="{10 << 20}" data-video-bytes="{20 << 20}"' in page
    assert 'data-picture-minutes="10" data-video-minutes="12"' in page


def test_a_kind_that_is_off_has_no_minutes(
    client: Client, swapper: User, swaps_on: SwapSettings
) -> None:
    swaps_on.video_enabled = False
    swaps_on.save()
    client.force_login(swapper)

    page = client.get("/").content.decode()

    assert 'data-picture-minutes="10" data-video-minutes="0"' in page


def test_who_may_not_swap_sees_nothing_of_it(
    client: Client, alice: User, swaps_on: SwapSettings
) -> None:
    client.force_login(alice)

    assert 'data-mode="swap"' not in client.get("/").content.decode()


@pytest.mark.parametrize("missing", ["switch", "token"])
def test_nobody_sees_a_face_swap_that_is_not_served(
    client: Client, swapper: User, swaps_on: SwapSettings, missing: str
) -> None:
    if missing == "token":
        swaps_on.token = ""
    else:
        swaps_on.enabled = swaps_on.video_enabled = False
    swaps_on.save()
    client.force_login(swapper)

    assert 'data-mode="swap"' not in client.get("/").content.decode()


def test_a_visitor_is_offered_no_face_swap(
    client: Client, swaps_on: SwapSettings
) -> None:
    access = AccessSettings.get_solo()
    access.demo_mode = True
    access.save()

    assert 'data-mode="swap"' not in client.get("/").content.decode()


def test_pictures_are_offered_unless_the_operator_takes_none(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    usual = client.get("/").content.decode()
    DrawingSettings.objects.update(uploads=False)

    without = client.get("/").content.decode()

    assert 'data-mode="blend"' in usual
    assert " data-uploads" in usual
    assert 'data-mode="blend"' not in without
    assert " data-uploads" not in without
    assert 'data-for="swap" hidden data-testid="tray"' in without
