"""The operator's hook: users do not see it, and it has a secret of its own."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from tasks.enums import TaskStatus
from tasks.models import DrawingSettings, Task
from tasks.services import advance
from tasks.webhooks import signing
from tests.conftest import ApiClient
from tests.factories import make_account
from tests.tasks.webhook_calls import claimed

pytestmark = pytest.mark.django_db

HOOK = "http://operator.example.com/secret-path?token=s3cr3t"
OWN = "http://alice.example.com/hook"


@pytest.fixture
def hooked() -> None:
    make_account()
    DrawingSettings.objects.update_or_create(defaults={"notify_hook": HOOK})


def drawn(api: ApiClient, **body: str) -> Task:
    said = api.send("/mj/submit/imagine", {"prompt": "a red fox", **body}).json()
    task = Task.objects.get(pk=said["result"])
    assert advance(task.pk, TaskStatus.FAILURE, fail_reason="over")
    return task


def test_no_answer_shows_it(
    hooked: None, api: ApiClient, operator_api: ApiClient
) -> None:
    task = drawn(api)

    for asking in (api, operator_api):
        for answer in (
            asking.get(f"/mj/task/{task.pk}/fetch"),
            asking.send("/mj/task/list-by-ids", {"ids": [str(task.pk)]}),
            asking.get("/mj/task/list"),
        ):
            assert "operator.example.com" not in answer.content.decode()
    call = claimed(task)
    assert (call.url, call.is_operators) == (HOOK, True)
    assert b"operator.example.com" not in call.body


def test_its_calls_are_signed_with_its_own_secret(
    hooked: None, api: ApiClient, alice: User
) -> None:
    ours, theirs = drawn(api), drawn(api, notifyHook=OWN)

    by_operator, by_alice = claimed(ours), claimed(theirs)

    alice.refresh_from_db()
    assert (by_alice.url, by_alice.secret) == (OWN, alice.webhook_secret)
    assert by_operator.secret == DrawingSettings.objects.get().hook_secret
    assert by_operator.secret.startswith("whsec_")
    assert by_operator.secret != by_alice.secret


def test_a_hook_of_ones_own_goes_in_its_place(hooked: None, api: ApiClient) -> None:
    task = drawn(api, notifyHook=OWN)

    assert api.get(f"/mj/task/{task.pk}/fetch").json()["properties"]["notifyHook"] == (
        OWN
    )
    assert claimed(task).url == OWN


def test_the_secret_is_shown_once_and_made_anew_when_asked(
    admin: Client, api: ApiClient
) -> None:
    address = "/admin/tasks/drawingsettings/"
    page = admin.get(address).content.decode()
    assert ' name="new_hook_secret"' not in page
    fields = {
        "notify_hook": HOOK,
        "window_minutes": 30,
        "brought_pictures": 300,
        "brought_megabytes": 500,
    }

    shown = admin.post(address, fields, follow=True).content.decode()
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", shown))
    assert signing.hook_secret() == secret

    again = admin.post(address, fields, follow=True).content.decode()
    assert "whsec_" not in again
    assert secret not in admin.get(address).content.decode()

    renewed = {**fields, "renew_hook_secret": "on"}
    shown = admin.post(address, renewed, follow=True).content.decode()
    (other,) = set(re.findall(r"whsec_[\w+/=]+", shown))
    assert signing.hook_secret() == other != secret
