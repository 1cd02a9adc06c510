"""Sessions and streams opened with a key end with the key, and with its user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.fixtures import Settings
from time_machine import travel

from accounts.models import ApiKey, User
from accounts.people import passes
from accounts.people.callers import asker_by_key
from accounts.people.keys import create_key, digest
from accounts.people.passes import Pass
from accounts.people.users import ensure_operator
from accounts.signals import access_changed
from tasks.enums import ErrandKind, InputRole
from tasks.errands import send_on
from tasks.models import Errand, InputPicture, Task
from tasks.pictures import store
from tests.conftest import ALICES_KEY, BOBS_KEY, OPERATORS_KEY
from tests.factories import make_account, make_finished

pytestmark = pytest.mark.django_db

DRAW_PAGE = "/draw"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def signed_in(**fields: str) -> Client:
    page = Client()
    answer = page.post("/sign-in", fields)
    assert answer.status_code == 302, answer.content
    return page


def comes_in(page: Client) -> bool:
    answer = page.get("/mj/account/list")
    return bool(answer.status_code == 200)


@pytest.fixture
def people(alice: User) -> User:
    alice.set_password("a-password-of-alice")
    alice.save()
    return alice


ENDS: dict[str, Callable[[User], object]] = {
    "its key is revoked": lambda user: passes.revoke(user.api_keys.all()),
    "its key's row is deleted": lambda user: user.api_keys.all().delete(),
    "its user is disabled": lambda user: User.objects.filter(pk=user.pk).update(
        is_active=False
    ),
    "its user is deleted": passes.delete_user,
}


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_a_key_has_opened_ends(people: User, end: str) -> None:
    page = signed_in(key=ALICES_KEY)
    assert comes_in(page)

    ENDS[end](people)

    assert not comes_in(page)


def test_a_session_by_password_stays_when_a_key_is_revoked(people: User) -> None:
    page = signed_in(username="alice", password="a-password-of-alice")

    passes.revoke(people.api_keys.all())
    assert comes_in(page)

    ENDS["its user is disabled"](people)
    assert not comes_in(page)


def test_a_session_of_another_key_stays(people: User) -> None:
    other = create_key(people)
    page = signed_in(key=other)

    passes.revoke(ApiKey.objects.filter(digest=digest(ALICES_KEY)))

    assert comes_in(page)


def test_a_session_of_the_admin_token_ends_when_it_is_another(
    db: None, settings: Settings
) -> None:
    ensure_operator()
    page = signed_in(key=settings.ADMIN_TOKEN)
    assert comes_in(page)

    settings.ADMIN_TOKEN = "another-token-of-the-operator"

    assert not comes_in(page)


def pass_by(*keys: str, address: str | None = None) -> Pass:
    asker = asker_by_key(keys, address)
    assert asker
    return Pass.of(asker, address)


def test_a_pass_is_that_of_the_right_key(alice: User, bob: User) -> None:
    assert pass_by("nonsense", ALICES_KEY).user() == alice
    assert Pass(alice.pk, digest(ALICES_KEY)).user() == alice
    assert Pass(alice.pk, digest(BOBS_KEY)).user() is None
    assert Pass(alice.pk, digest(settings.ADMIN_TOKEN)).user() is None
    assert Pass(alice.pk).user() == alice
    assert Pass(0).user() is None


LOST: dict[str, dict[str, Any]] = {
    "ended": {"expires_at": NOON},
    "for elsewhere": {"allowed_addresses": ["9.9.9.9"]},
    "without reading": {"scopes": ["draw", "account", "admin"]},
    "revoked": {"is_active": False},
}


@pytest.mark.parametrize("how", LOST)
def test_a_pass_ends_with_what_its_key_is_good_for(alice: User, how: str) -> None:
    came = pass_by(ALICES_KEY, address="1.2.3.4")

    ApiKey.objects.update(**LOST[how])

    assert came.user() is None


def test_a_pass_ends_with_the_time_of_its_user(alice: User) -> None:
    came, by_password = pass_by(ALICES_KEY), Pass(alice.pk)

    User.objects.update(valid_until=NOON)

    assert came.user() is None
    assert by_password.user() is None


def test_a_pass_makes_nobody_an_operator_against_the_key(operator: User) -> None:
    came = pass_by(OPERATORS_KEY)
    first = came.user()
    ApiKey.objects.update(scopes=["read"])
    then = came.user()

    assert first
    assert first.is_operator
    assert then == operator
    assert not then.is_operator


def test_a_session_is_good_for_what_its_key_is_good_for(operator: User) -> None:
    ApiKey.objects.update(scopes=["read"])
    page = signed_in(key=OPERATORS_KEY)

    assert comes_in(page)
    assert page.post("/mj/submit/imagine", {"prompt": "x"}).status_code == 403
    assert page.get("/mj/admin/accounts").status_code == 403
    assert page.get("/admin/").status_code == 302


def test_a_session_ends_with_the_end_of_its_key(alice: User) -> None:
    page = signed_in(key=ALICES_KEY)

    with travel(NOON, tick=False) as moment:
        alice.api_keys.update(expires_at=NOON + timedelta(seconds=5))
        assert comes_in(page)
        moment.shift(5)
        assert not comes_in(page)


def test_a_session_is_not_taken_elsewhere(alice: User) -> None:
    alice.api_keys.update(allowed_addresses=["127.0.0.1"])
    page = signed_in(key=ALICES_KEY)
    assert comes_in(page)

    assert page.get("/mj/account/list", REMOTE_ADDR="9.9.9.9").status_code == 401
    assert not comes_in(page)


@pytest.fixture
def told() -> Iterator[list[int]]:
    found: list[int] = []

    def note(*, user_id: int, **_: Any) -> None:
        found.append(user_id)

    access_changed.connect(note, weak=False)
    yield found
    access_changed.disconnect(note)


def act(admin: Client, model: str, action: str, pk: int, **fields: Any) -> None:
    body = {"action": action, "_selected_action": [pk], **fields}
    answer = admin.post(f"/admin/accounts/{model}/", body)
    assert answer.status_code == 302, answer.content[:500]


def test_the_admin_tells_of_keys_and_users(
    alice: User,
    admin: Client,
    told: list[int],
    django_capture_on_commit_callbacks: Any,
) -> None:
    key = alice.api_keys.get()
    pk = alice.pk

    with django_capture_on_commit_callbacks(execute=True):
        act(admin, "apikey", "revoke", key.pk)
    assert told == [pk]
    key.refresh_from_db()
    assert not key.is_active

    with django_capture_on_commit_callbacks(execute=True):
        act(admin, "apikey", "delete_selected", key.pk, post="yes")
    assert told == [pk, pk]

    with django_capture_on_commit_callbacks(execute=True):
        fields = {"username": "alice", "priority": "1"}  # not active any more
        answer = admin.post(f"/admin/accounts/user/{pk}/change/", fields)
        assert answer.status_code == 302, answer.content
    assert told == [pk] * 3
    alice.refresh_from_db()
    assert not alice.is_active

    with django_capture_on_commit_callbacks(execute=True):
        act(admin, "user", "delete_selected", pk, post="yes")
    assert told == [pk] * 4
    assert not User.objects.filter(pk=pk).exists()


@pytest.mark.parametrize("way", ["one", "many"])
def test_deleting_a_user_removes_their_pictures_and_no_others(
    alice: User, bob: User, admin: Client, settings: Settings, tmp_path: Path, way: str
) -> None:
    settings.MEDIA_ROOT = tmp_path
    files = {}
    for user in (alice, bob):
        names = [f"{user.username}-{kind}" for kind in ("brought", "sent")]
        for name in names:
            (tmp_path / name).write_bytes(b"x")
        task = make_finished(user)
        store.store(task, "image/png", user.username.encode())
        _bring(names[0], task=task)
        errand = send_on(ErrandKind.UPLOAD, owner=user, account=make_account())
        _bring(names[1], errand=errand)
        files[user.username] = [*names, Path(task.picture_file).name]

    if way == "one":
        admin.post(f"/admin/accounts/user/{alice.pk}/delete/", {"post": "yes"})
    else:
        act(admin, "user", "delete_selected", alice.pk, post="yes")

    assert not Task.objects.filter(owner=alice.pk).exists()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == sorted(files["bob"])
    assert Errand.objects.count() == 1


def _bring(file: str, **of: Any) -> None:
    InputPicture.objects.create(
        role=InputRole.PROMPT, file=file, content_type="image/png", **of
    )
