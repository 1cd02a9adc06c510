"""A second factor: set up, asked for, and needed by operators."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import AccessSettings, User
from accounts.people import passes, second_factor
from accounts.people.callers import asker_in
from accounts.people.keys import create_key
from tests.conftest import ApiClient
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
ACTIVATE = "/account/security/totp/activate/"
KEY = "the-key-of-an-operator-2"


def person(**fields: Any) -> User:
    user = make_user("olaf", **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def olaf(db: None) -> User:
    return person(is_staff=True, is_superuser=True)


def sign_in(page: Client, **fields: str) -> Any:
    return page.post("/sign-in", fields or {"username": "olaf", "password": PASSWORD})


def code_of(secret: str) -> str:
    """Return the code that an authenticator app shows now."""
    _, now, _ = yield_hotp_counters_from_time()
    return str(format_hotp_value(hotp_value(secret, now)))


def confirm_password(page: Client, wanted: str) -> Any:
    form = {"password": PASSWORD, "next": wanted}
    return page.post("/account/reauthenticate", form, follow=True)


def set_up(page: Client) -> tuple[str, list[str]]:
    """Set an app up as its page says; return its secret and the recovery codes."""
    form = confirm_password(page, ACTIVATE)
    secret: str = form.context["form"].secret
    shown = page.post(ACTIVATE, {"code": code_of(secret)}, follow=True)
    assert shown.status_code == 200
    return secret, re.findall(r"\b\d{8}\b", shown.content.decode())


def comes_in(page: Client) -> bool:
    return bool(page.get("/mj/account/list").status_code == 200)


def test_the_code_is_asked_for_after_the_password(client: Client, olaf: User) -> None:
    sign_in(client)
    secret, codes = set_up(client)
    assert len(codes) == 10
    other = Client()

    with time_machine.travel("2036-01-01", tick=False):
        asked = sign_in(other)
        assert asked["Location"] == "/account/security/authenticate/"
        assert not comes_in(other)
        wrong = other.post(asked["Location"], {"code": "000000"})
        assert b"Incorrect code" in wrong.content
        right = other.post(asked["Location"], {"code": code_of(secret)})

        assert right["Location"] == "/"
        assert comes_in(other)


def test_a_code_is_good_once(client: Client, olaf: User) -> None:
    sign_in(client)
    secret, _ = set_up(client)
    pages = [Client(), Client()]

    with time_machine.travel("2036-01-01", tick=False):
        for page in pages:
            sign_in(page)
            page.post("/account/security/authenticate/", {"code": code_of(secret)})

    assert [comes_in(page) for page in pages] == [True, False]


def test_a_recovery_code_is_good_once(client: Client, olaf: User) -> None:
    sign_in(client)
    _, codes = set_up(client)
    pages = [Client(), Client()]

    for page in pages:
        sign_in(page)
        page.post("/account/security/authenticate/", {"code": codes[0]})

    assert [comes_in(page) for page in pages] == [True, False]


def test_codes_cannot_be_guessed(client: Client, olaf: User) -> None:
    sign_in(client)
    _, codes = set_up(client)
    page = Client()
    sign_in(page)

    for number in range(5):
        page.post("/account/security/authenticate/", {"code": f"{number:06}"})
    answer = page.post("/account/security/authenticate/", {"code": codes[0]})

    assert b"Too many failed" in answer.content
    assert not comes_in(page)


def test_the_page_goes_on_to_where_it_was_wanted(client: Client, olaf: User) -> None:
    sign_in(client)
    _, codes = set_up(client)
    page = Client()

    sign_in(page, username="olaf", password=PASSWORD, next="/admin/")
    answer = page.post("/account/security/authenticate/", {"code": codes[0]})

    assert answer["Location"] == "/admin/"


def test_a_session_by_key_is_asked_too(client: Client, olaf: User) -> None:
    create_key(olaf, key=KEY)
    sign_in(client)
    _, codes = set_up(client)
    page = Client()

    sign_in(page, key=KEY)
    assert not comes_in(page)
    page.post("/account/security/authenticate/", {"code": codes[0]})

    assert comes_in(page)
    passes.revoke(olaf.api_keys.all())
    assert not comes_in(page)


@pytest.mark.django_db(transaction=True)
def test_a_new_second_factor_ends_sessions_without_one(
    client: Client, olaf: User
) -> None:
    other = Client()
    sign_in(client)
    sign_in(other)

    set_up(client)

    assert comes_in(client)
    assert not comes_in(other)


def test_it_is_set_up_only_after_the_password(client: Client, olaf: User) -> None:
    create_key(olaf, key=KEY)
    sign_in(client, key=KEY)

    wrong = client.post("/account/reauthenticate", {"password": "wrong"})

    assert b"Incorrect password" in wrong.content
    assert client.get(ACTIVATE)["Location"].startswith("/account/reauthenticate")
    assert not Authenticator.objects.exists()


def test_its_secrets_are_encrypted_at_rest(client: Client, olaf: User) -> None:
    sign_in(client)
    secret, codes = set_up(client)

    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())

    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_secrets_follow_the_encryption_key(
    client: Client, olaf: User, settings: Settings
) -> None:
    sign_in(client)
    _, codes = set_up(client)
    fresh = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [fresh, *settings.ENCRYPTION_KEYS]

    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [fresh]

    page = Client()
    sign_in(page)
    page.post("/account/security/authenticate/", {"code": codes[0]})
    assert comes_in(page)


def test_with_a_lost_key_no_code_fits(
    client: Client, olaf: User, settings: Settings
) -> None:
    sign_in(client)
    secret, codes = set_up(client)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    page = Client()
    sign_in(page)

    for code in (codes[0], code_of(secret)):
        answer = page.post("/account/security/authenticate/", {"code": code})
        assert b"Incorrect code" in answer.content


def test_an_operator_removes_a_second_factor_that_is_lost(
    client: Client, olaf: User
) -> None:
    sign_in(client)
    set_up(client)
    admin = Client()
    admin.force_login(make_user("olga", is_staff=True, is_superuser=True))
    form = {"action": "remove_second_factors", "_selected_action": [olaf.pk]}

    admin.post("/admin/accounts/user/", form)

    assert not Authenticator.objects.exists()
    assert sign_in(Client())["Location"] == "/"


# --- needed by operators --------------------------------------------------------------


@pytest.fixture
def needed(db: None) -> None:
    row = AccessSettings.get_solo()
    row.operators_need_second_factor = True
    row.save()


def test_an_operator_without_one_is_led_to_it(
    client: Client, olaf: User, needed: None
) -> None:
    sign_in(client)

    answer = client.get("/admin/", follow=True)
    api = client.get("/mj/account/list")

    assert answer.redirect_chain[-1][0] == "/account/security/"
    assert b"Operators need a second factor" in answer.content
    assert api.status_code == 403
    assert "请先设置二次验证" in api.json()["message"]
    set_up(client)
    assert client.get("/admin/").status_code == 200
    assert comes_in(client)


def test_removing_it_closes_the_admin_again(
    client: Client, olaf: User, needed: None
) -> None:
    sign_in(client)
    set_up(client)
    confirm_password(client, "/account/security/totp/deactivate/")

    client.post("/account/security/totp/deactivate/")

    assert not Authenticator.objects.exists()
    assert client.get("/admin/").status_code == 302
    assert not comes_in(client)


def test_keys_of_operators_work_as_before(olaf: User, needed: None) -> None:
    create_key(olaf, key=KEY)

    assert ApiClient(KEY).get("/mj/account/list").status_code == 200
    assert ApiClient(KEY).get("/mj/admin/current").status_code == 200


def test_other_people_need_none(client: Client, needed: None) -> None:
    person()

    sign_in(client)

    assert comes_in(client)


def pass_of(user: User, client: Client) -> passes.Pass:
    asker = asker_in(client.session, user, None)
    assert asker
    return passes.Pass.of(asker, None)


def test_a_stream_of_the_session_ends(olaf: User, client: Client) -> None:
    sign_in(client)
    entry = pass_of(olaf, client)
    assert entry.user()

    row = AccessSettings.get_solo()
    row.operators_need_second_factor = True
    row.save()

    assert not entry.user()


def test_a_stream_ends_with_its_session_and_with_the_password(client: Client) -> None:
    user = person()
    sign_in(client)
    entry = pass_of(user, client)
    other = Client()
    sign_in(other)
    second = pass_of(user, other)
    assert entry.user()
    assert second.user()

    client.post("/sign-out")
    assert not entry.user()
    user.set_password("another password")
    user.save()

    assert not second.user()


def test_recovery_codes_alone_are_none(olaf: User, needed: None) -> None:
    kind = Authenticator.Type.RECOVERY_CODES
    Authenticator.objects.create(user=olaf, type=kind, data={})

    assert second_factor.is_missing(olaf)


LOGIN = "/account/security/webauthn/login/"
NONSENSE = [
    "",
    "x",
    "{}",
    "[]",
    "7",
    "null",
    '{"response": {}}',
    '{"response": []}',
    '{"id": 7, "rawId": "x", "type": "public-key", "response": {"userHandle": "!"}}',
    '{"id": "x", "rawId": "x", "type": "public-key", "response": {"userHandle": 5}}',
    '{"response": {"userHandle": "MQ", "clientDataJSON": "e30", "authenticatorData": '
    '"AA", "signature": "AA"}, "id": "AA", "rawId": "AA", "type": "public-key"}',
]


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_is_no_passkey(client: Client, olaf: User, credential: str) -> None:
    client.get(LOGIN, headers={"accept": "application/json"})

    answer = client.post(LOGIN, {"credential": credential})

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    assert not comes_in(client)


def test_the_only_operator_removes_it_on_the_server(client: Client, olaf: User) -> None:
    sign_in(client)
    set_up(client)

    call_command("remove_second_factors", "olaf")

    assert not Authenticator.objects.exists()
    with pytest.raises(CommandError, match="No user"):
        call_command("remove_second_factors", "nobody")
