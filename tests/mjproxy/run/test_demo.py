from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from accounts.models import AuditEntry, DiscordAccount
from accounts.people.users import ensure_operator
from gateway.simulator.services.bucket import SECRET
from gateway.simulator.services.translator import KEY
from gateway.simulator.state.accounts import default_accounts
from gateway.simulator.swaps import provider
from mjproxy.lib.audit.actors import BY_COMMAND, Actor, acting
from mjproxy.run import demo, demo_data
from tasks.enums import StorageKind, TranslateWay
from tasks.models import StorageSettings, SwapSettings, TranslationSettings
from tests.factories import user_of_key


def test_only_up_with_demo_is_a_demo() -> None:
    assert demo.wanted(["manage.py", "up", "--demo"])
    assert not demo.wanted(["manage.py", "up"])
    assert not demo.wanted(["manage.py", "check", "--demo"])


def test_every_discord_address_becomes_the_simulators(tmp_path: Path) -> None:
    environ = {
        "MJPROXY_DATA_DIR": str(tmp_path),
        "NG_DISCORD_SERVER": "https://discord.com",
    }

    demo.set_environment(environ)

    addresses = [v for k, v in environ.items() if k.startswith("NG_DISCORD_")]
    port = environ["MJPROXY_SIMULATOR_PORT"]
    assert len(addresses) == 7
    assert all(f"//127.0.0.1:{port}" in address for address in addresses)


def test_a_demo_has_a_data_folder_of_its_own() -> None:
    environ: dict[str, str] = {}

    demo.set_environment(environ)

    assert environ["MJPROXY_DATA_DIR"] == "data/demo"


def test_the_simulator_keeps_its_port(tmp_path: Path) -> None:
    kept = tmp_path / "simulator.port"
    port = demo.choose_port(kept)

    command = demo.simulator_command(tmp_path, port)

    assert str(port) in command
    assert demo.choose_port(kept) == port


@pytest.mark.parametrize("text", ["", "not a port", "0", "99999"])
def test_a_broken_note_of_the_port_is_no_hindrance(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "simulator.port"
    kept.write_text(text)

    assert demo.choose_port(kept) > 1023


def test_a_port_that_is_taken_is_given_up(tmp_path: Path) -> None:
    kept = tmp_path / "simulator.port"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        kept.write_text(str(taken))

        assert demo.choose_port(kept) != taken


@pytest.mark.django_db
def test_the_simulators_accounts_are_added_once() -> None:
    demo_data.add_accounts()
    demo_data.add_accounts()

    found = {a.channel_id: a.user_token for a in DiscordAccount.objects.all()}
    assert found == {s.channel_id: s.user_token for s in default_accounts(3)}


@pytest.mark.django_db
def test_a_run_voids_the_key_of_the_run_before() -> None:
    ensure_operator()
    first = demo_data.new_key()

    second = demo_data.new_key()

    assert user_of_key(first) is None
    user = user_of_key(second)
    assert user is not None
    assert user.is_operator


@pytest.mark.django_db
def test_a_run_gets_a_password_that_works() -> None:
    ensure_operator()

    password = demo_data.new_password()

    assert authenticate(username="admin", password=password) is not None


@pytest.mark.django_db
def test_services_are_ready_and_pictures_stay_in_the_data_folder() -> None:
    demo_data.add_services("http://127.0.0.1:9")

    swaps, words = SwapSettings.get_solo(), TranslationSettings.get_solo()
    storage = StorageSettings.get_solo()
    assert (swaps.enabled, swaps.video_enabled) == (True, True)
    assert "demo" in swaps.reason
    assert (words.translator, words.back_to_chinese) == (TranslateWay.DEEPL, True)
    assert words.translator_url == "http://127.0.0.1:9/deepl/v2/translate"
    assert (storage.kind, storage.bucket) == (StorageKind.LOCAL, "demo")
    for row in (swaps, words, storage):
        row.full_clean()


@pytest.mark.django_db
def test_what_a_person_has_set_stays_and_the_address_follows() -> None:
    demo_data.add_services("http://127.0.0.1:9")
    swaps, words = SwapSettings.get_solo(), TranslationSettings.get_solo()
    swaps.enabled, words.translator = False, TranslateWay.NONE
    swaps.save()
    words.save()

    demo_data.add_services("http://127.0.0.1:10")

    assert not SwapSettings.get_solo().enabled
    words = TranslationSettings.get_solo()
    assert words.translator == TranslateWay.NONE
    assert words.translator_url.startswith("http://127.0.0.1:10/")
    assert StorageSettings.get_solo().endpoint == "http://127.0.0.1:10/s3"


@pytest.mark.django_db
def test_another_service_that_a_person_has_set_is_left_alone() -> None:
    storage = StorageSettings.get_solo()
    storage.access_key, storage.endpoint = "mine", "https://s3.example.org"
    storage.save()
    words = TranslationSettings.get_solo()
    words.deepl_key = "mine"
    words.save()

    demo_data.add_services("http://127.0.0.1:9")

    assert StorageSettings.get_solo().endpoint == "https://s3.example.org"
    assert TranslationSettings.get_solo().translator_url == ""


@pytest.mark.django_db
def test_outside_of_a_demo_face_swap_is_off() -> None:
    row = SwapSettings.get_solo()

    assert (row.enabled, row.video_enabled, row.token) == (False, False, "")


@pytest.mark.django_db
def test_the_audit_log_keeps_why_face_swap_is_on_and_no_secret() -> None:
    with acting(lambda: Actor("up", BY_COMMAND)):
        demo_data.add_services("http://127.0.0.1:9")
        demo_data.add_services("http://127.0.0.1:9")

    entries = list(AuditEntry.objects.all())
    said = " ".join(str(entry.changes) for entry in entries)
    assert len(entries) == 3
    assert demo_data.DEMO_REASON in said
    assert not any(secret in said for secret in (provider.TOKEN, KEY, SECRET))
