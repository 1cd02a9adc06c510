"""No secret is in the audit log, nor anywhere else where it could be read."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import CharField, Field, JSONField, TextField
from django.test import Client

from accounts.audit import writing
from accounts.models import (
    ApiKey,
    AuditEntry,
    DiscordAccount,
    Invitation,
    PersonMail,
    User,
    Verification,
)
from mjproxy.lib.admin.secret_forms import SecretForm
from mjproxy.lib.audit.states import Names, State, changes_between
from mjproxy.lib.audit.values import is_secret
from mjproxy.lib.db.encrypted_field import encrypted_fields
from tests.accounts.admin.test_people import form_of
from tests.conftest import ApiClient
from tests.factories import make_account, make_user

CANARY: Final = "canary"
# A field with such a name may hold a secret.
SUSPECT: Final = re.compile(
    r"secret|token|key|pass(?:word|phrase|wd)|hash|digest|seed|credential|session"
    r"|cookie|proxy|auth|private|signature|pin$"
)
# Fields with such a name that hold none, by model.
OPEN: Final = {
    "accounts.discordaccount.private_channel_id": "the id of a channel",
    "accounts.domaintag.keywords": "words of prompts",
    "tasks.bannedwordgroup.keywords": "words of prompts",
    "tasks.task.idempotency_key": "a client's number of its request",
    "tasks.storagesettings.access_key": "the name of a key, whose secret is apart",
    "tasks.errand.open_key": "a task and the kind of an errand",
    "tasks.task.echo_key": "words of a prompt",
}


def fields() -> Iterator[tuple[str, Field[Any, Any]]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            yield f"{model._meta.label_lower}.{field.name}", field


def test_every_field_that_may_hold_a_secret_is_masked_or_known_to_hold_none() -> None:
    texts = (CharField, TextField, JSONField)
    suspects = {
        label: field
        for label, field in fields()
        if isinstance(field, texts) and SUSPECT.search(field.name)
    }

    unknown = [n for n, field in suspects.items() if not is_secret(field)]

    assert len(suspects) > 20
    assert set(unknown) == OPEN.keys()


def test_every_encrypted_field_is_masked() -> None:
    found = [field for model in apps.get_models() for field in encrypted_fields(model)]

    assert len(found) > 10
    assert all(map(is_secret, found))


@pytest.mark.parametrize(
    ("label", "field"), [pair for pair in fields() if is_secret(pair[1])]
)
def test_of_a_secret_only_the_change_is_told(label: str, field: Any) -> None:
    old, new = State("", {field: "canary-old"}), State("", {field: "canary-new"})

    for before, after in ((old, new), (None, new), (old, None)):
        changes = changes_between(before, after, Names([(before, after)]))
        assert changes == {field.name: "changed"}


# --- canaries -------------------------------------------------------------------------

# Further values that make a form with secrets valid.
VALID: Final[dict[str, dict[str, Any]]] = {
    "accounts.discordaccount": {
        "guild_id": "1118138338562560101",
        "channel_id": "1118138338562560102",
    },
    "accounts.mailsettings": {"host": "mail.example", "sender": "a@example.com"},
    "accounts.verificationsettings": {
        "server_url": "https://helper.example",
        "notify_base": "https://own.example",
    },
}


def canaries(form: type[SecretForm[Any]]) -> dict[str, str]:
    """Return a value of its own for each secret of a form."""
    shapes = {"proxy_url": "http://bob:{}@proxy.example:3128"}
    return {
        f"new_{name}": shapes.get(name, "{}").format(f"{CANARY}-{name}-0123456789")
        for name in form.secrets
        if f"new_{name}" in form.declared_fields
    }


FORMS: Final = [
    (model, page)
    for model, page in django_admin.site._registry.items()
    if issubclass(page.form, SecretForm) and canaries(page.form)
]


def dumped() -> str:
    """Return all rows, as `dumpdata` and as SQL reads them."""
    text = io.StringIO()
    call_command("dumpdata", stdout=text)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - a table of ours
            text.write(repr(cursor.fetchall()))
    return text.getvalue()


def address_of(model: Any) -> str:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    return f"{base}add/" if model is DiscordAccount else base


@pytest.mark.parametrize(("model", "page"), FORMS)
def test_a_secret_entered_in_the_admin_is_seen_nowhere(
    admin: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    model: Any,
    page: Any,
) -> None:
    caplog.set_level("DEBUG")
    admin.raise_request_exception = False
    address, secrets = address_of(model), canaries(page.form)
    form = form_of(admin, address) | VALID.get(model._meta.label_lower, {}) | secrets
    answers = [admin.post(address, form | dict.fromkeys(secrets, CANARY * 1000))]
    with monkeypatch.context() as patch:
        patch.setattr(writing.Rows, "write", _fails)
        answers.append(admin.post(address, form))

    answers.append(admin.post(address, form, follow=True))
    row = model._default_manager.get()
    changed = address
    if model is DiscordAccount:
        changed = address.replace("add/", f"{row.pk}/change/")
    answers += [admin.get(changed), admin.get("/admin/accounts/auditentry/")]
    answers += [admin.get(f"/admin/accounts/auditentry/{e.pk}/change/") for e in log()]

    assert secrets
    for name, value in secrets.items():
        assert getattr(row, name.removeprefix("new_")) == value
    assert any(
        name.removeprefix("new_") in str(e.changes) for e in log() for name in secrets
    )
    assert answers[1].status_code == 500
    seen = " ".join(answer.content.decode() for answer in answers)
    assert CANARY not in seen
    assert CANARY not in caplog.text
    assert CANARY not in dumped()


def _fails(*_: Any) -> None:
    raise IntegrityError("the row of the log")


def log() -> list[AuditEntry]:
    return list(AuditEntry.objects.all())


def test_secrets_sent_to_the_api_are_seen_nowhere(
    operator_api: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    operator_api.raise_request_exception = False
    account = VALID["accounts.discordaccount"]
    new = {
        "guildId": account["guild_id"],
        "channelId": account["channel_id"],
        "userToken": f"{CANARY}-user-token",
        "botToken": f"{CANARY}-bot-token",
    }
    key = f"prefix-of-{CANARY}-key-0123456789"  # the prefix is shown

    answers = [
        operator_api.send("/mj/admin/account", new | {"coreSize": -1}),
        operator_api.send("/mj/admin/account", new),
        operator_api.send("/mj/admin/account", new),  # the channel is taken
        operator_api.send("/mj/admin/accounts", {"search": {}}),
        operator_api.send("/mj/admin/login", f'"{CANARY}-wrong-key-0123456789"'),
        operator_api.send("/mj/admin/user", {"name": "dave", "token": f"{CANARY}"}),
    ]
    made = operator_api.send("/mj/admin/user", {"name": "carol", "token": key})

    assert DiscordAccount.objects.get().user_token == f"{CANARY}-user-token"
    assert made.json()["data"]["token"] == key  # shown once, to who made it
    assert CANARY not in " ".join(answer.content.decode() for answer in answers)
    assert CANARY not in caplog.text
    assert CANARY not in dumped()


def test_secrets_that_the_product_makes_are_not_in_the_log(admin: Client) -> None:
    alice = make_user("alice", webhook_secret=f"whsec_{CANARY}")
    make_account(user_token=CANARY)
    admin.post(f"/admin/accounts/user/{alice.pk}/delete/", {"post": "yes"})
    page = admin.post(
        "/admin/accounts/invitation/add/", {"uses_left": "1"}, follow=True
    )
    code = re.findall(r"inv_[\w-]+", page.content.decode())[0]

    told = str(list(AuditEntry.objects.values()))

    assert not User.objects.filter(username="alice").exists()
    assert Invitation.objects.get().digest not in told
    assert code not in told
    assert code not in dumped()
    assert CANARY not in told
    assert is_secret(PersonMail._meta.get_field("body"))
    assert is_secret(ApiKey._meta.get_field("digest"))
    assert is_secret(Verification._meta.get_field("token"))
