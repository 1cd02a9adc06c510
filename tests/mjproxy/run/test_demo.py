from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from accounts.models import DiscordAccount
from accounts.people.keys import user_of_key
from accounts.people.users import ensure_operator
from gateway.simulator.state.accounts import default_accounts
from mjproxy.run import demo, demo_data


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
