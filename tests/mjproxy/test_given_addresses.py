"""Every address that somebody gives: which it may be, and who may call it.

The fields are collected from the models and from the OpenAPI document. A new one
without a row in a table here fails; its author decides there what it is. Who calls them
is in `lib/safe_http/test_who_calls.py`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from drf_spectacular.generators import SchemaGenerator

from accounts.models import DiscordAccount, User
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from tests.conftest import ApiClient
from tests.mjproxy.lib.safe_http.test_client import HOSTILE

NAMED: Final = re.compile(
    r"url|hook|link|host|server|cdn|wss|image|base64|proxy|endpoint|editor|activity"
    r"|_base$|^source$|_source$|_target$",
    re.IGNORECASE,
)
OTHER_SCHEMES: Final = (
    "ftp://a.example/",
    "file:///etc/passwd",
    "gopher://a.example:70/1",
    "javascript:alert(1)",
    "dict://127.0.0.1:11211/stat",
    "//a.example/",
    "a.example",
    "unix:/run/redis.sock",
)
WITH_NAMES: Final = (
    "http://name:word@a.example/",
    "https://name@a.example/",
    "http://a.example@127.0.0.1/",
)


class Kind(enum.Enum):
    """What may be in a field, and who calls it."""

    GUARDED = "called by the guard: public addresses alone"
    OPERATORS = "an operator's own service, which may be at a private address"
    SOCKET = "an operator's own WebSocket"
    PROXY = "a proxy, which may have a name and a password"
    HOST = "a host without a scheme"
    NEVER = "stored or compared, and never called"


K = Kind
COLUMNS: Final = {
    "accounts.DiscordAccount.proxy_url": K.PROXY,
    "accounts.DiscordAccount.permanent_invitation_link": K.NEVER,
    "accounts.MailSettings.host": K.HOST,
    "accounts.PaymentSettings.stripe_webhook_secret": K.NEVER,
    "accounts.User.webhook_secret": K.NEVER,
    "accounts.Verification.ack_url": K.NEVER,  # Midjourney's; from a message
    "accounts.Verification.page_url": K.NEVER,
    "accounts.VerificationSettings.server_url": K.GUARDED,
    "accounts.VerificationSettings.notify_base": K.OPERATORS,
    "gateway.GatewaySettings.activity": K.OPERATORS,
    "gateway.GatewaySettings.cdn": K.OPERATORS,
    "gateway.GatewaySettings.editor": K.OPERATORS,
    "gateway.GatewaySettings.proxy_url": K.PROXY,
    "gateway.GatewaySettings.resume_wss": K.SOCKET,
    "gateway.GatewaySettings.server": K.OPERATORS,
    "gateway.GatewaySettings.upload_server": K.OPERATORS,
    "gateway.GatewaySettings.wss": K.SOCKET,
    "gateway.GatewaySession.resume_url": K.NEVER,
    "tasks.DrawingSettings.hook_secret": K.NEVER,
    "tasks.DrawingSettings.notify_hook": K.GUARDED,
    "tasks.StorageSettings.endpoint": K.OPERATORS,
    "tasks.StorageSettings.public_base": K.OPERATORS,
    "tasks.StorageSettings.links": K.NEVER,
    "tasks.SwapSettings.url": K.GUARDED,
    "tasks.SwapSettings.webhook": K.GUARDED,
    "tasks.TranslationSettings.translator_url": K.OPERATORS,
}
# Columns that are written by the calls of the API below, or by this server itself.
WRITTEN_ELSEWHERE: Final = {
    "tasks.InputPicture.link",
    "tasks.InputPicture.source_url",
    "tasks.MoveIn.host",
    "tasks.MoveIn.source",
    "tasks.MovedPicture.host",
    "tasks.MovedRow.host",
    "tasks.Task.hook_host",
    "tasks.Task.link_base",
    "tasks.Task.notify_hook",
    "tasks.Task.operator_hook",
    "tasks.Task.picture_link",
    "tasks.Task.picture_source",
    "tasks.Task.preview_source",
    "tasks.Task.swap_source",
    "tasks.Task.swap_target",
    "tasks.WebhookDelivery.host",
    "tasks.WebhookDelivery.url",
}


# --- columns --------------------------------------------------------------------------


def columns() -> Iterator[str]:
    """Yield the columns of text whose names say that they may have an address."""
    for model in apps.get_models():
        if model._meta.app_label not in ("accounts", "gateway", "tasks"):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(
                field, (models.CharField, models.TextField, EncryptedTextField)
            )
            if is_text and (NAMED.search(field.name) or _checks_addresses(field)):
                yield f"{model._meta.label}.{field.name}"


def _checks_addresses(field: Any) -> bool:
    names = {getattr(each, "__name__", "") for each in field.validators}
    return any(name.endswith("_address") for name in names)


def field_of(column: str) -> Any:
    model, _, name = column.rpartition(".")
    return apps.get_model(model)._meta.get_field(name)


def refuses(column: str, value: str) -> bool:
    try:
        field_of(column).run_validators(value)
    except ValidationError:
        return True
    return False


def of(*kinds: Kind) -> list[str]:
    return [column for column, kind in COLUMNS.items() if kind in kinds]


def test_each_column_has_its_row() -> None:
    found = set(columns())

    assert found - COLUMNS.keys() - WRITTEN_ELSEWHERE == set()
    assert (COLUMNS.keys() | WRITTEN_ELSEWHERE) - found == set()


@pytest.mark.parametrize("column", of(K.GUARDED, K.OPERATORS, K.SOCKET, K.PROXY))
@pytest.mark.parametrize("value", OTHER_SCHEMES)
def test_a_column_takes_no_other_scheme(column: str, value: str) -> None:
    assert refuses(column, value)


@pytest.mark.parametrize("column", of(K.GUARDED, K.OPERATORS, K.SOCKET))
@pytest.mark.parametrize("value", WITH_NAMES)
def test_a_column_takes_no_name_or_password(column: str, value: str) -> None:
    if COLUMNS[column] is K.SOCKET:
        value = value.replace("http", "ws")
    assert refuses(column, value)


@pytest.mark.parametrize("value", [*OTHER_SCHEMES[1:5], "a b", "a/b", "a\nb", "a@b"])
def test_a_host_is_no_address(value: str) -> None:
    assert all(refuses(column, value) for column in of(K.HOST))


@pytest.mark.parametrize("column", of(K.GUARDED, K.OPERATORS))
def test_a_column_takes_what_it_is_for(column: str) -> None:
    assert not refuses(column, "https://a.example/base")


# --- members of the API ---------------------------------------------------------------

_generator: Any = SchemaGenerator  # it has no types
DOCUMENT: Final = _generator().get_schema(request=None, public=True)
# Settings are the columns above, through `test_members.py`.
SETTINGS: Final = "admin_setting_save"
HOOK: Final = "notifyHook"
# Pictures are sent, or named by links, which workers fetch through the guard.
PICTURES: Final = {
    "submit_imagine": {"base64Array", "base64"},
    "submit_blend": {"base64Array"},
    "submit_describe": {"base64", "link"},
    "submit_video": {"image", "endImage", "base64"},
    "upload_discord_images": {"base64Array"},
    "insight_face_swap": {"sourceBase64", "sourceUrl", "targetBase64", "targetUrl"},
    "insight_face_video_swap": {"sourceBase64", "sourceUrl", "targetUrl"},
}
NOT_CALLED: Final = {
    # Bytes, never a link.
    ("submit_modal", "maskBase64"),
    # Refused as a whole: Midjourney's bot cannot do that.
    *(
        (f"submit_{name}", member)
        for name in ("edit", "edits", "retexture")
        for member in ("image", "maskBase64", HOOK)
    ),
    # Compared with what was sent to the verification server.
    ("admin_account_verification_report", "url"),
    ("admin_account_verification_report", HOOK),
    # Text for people.
    *(
        (f"admin_account_{name}", "permanentInvitationLink")
        for name in ("add", "edit", "reconnect")
    ),
}
PROXIES: Final = {
    (f"admin_account_{name}", "proxyUrl") for name in ("add", "edit", "reconnect")
}
MOVES: Final = {("admin_mjplus_migration", "host")}


def resolved(schema: Any) -> Any:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def members(schema: Any) -> Iterator[str]:
    for name, each in resolved(schema).get("properties", {}).items():
        if resolved(each).get("type") in ("boolean", "integer", "number", "object"):
            continue
        if NAMED.search(name):
            yield name


def sent() -> dict[tuple[str, str], str]:
    """Return the path of each operation and member that may have an address."""
    return {
        (operation["operationId"], name): path
        for path, operations in DOCUMENT["paths"].items()
        for operation in operations.values()
        for body in operation.get("requestBody", {}).get("content", {}).values()
        for name in members(body["schema"])
        if operation["operationId"] != SETTINGS
    }


SENT: Final = sent()
HOOKS: Final = sorted(o for o, m in SENT if m == HOOK and (o, m) not in NOT_CALLED)
LINKS: Final = sorted((o, m) for o, names in PICTURES.items() for m in names)


def test_each_member_has_its_row() -> None:
    hooks = {(operation, HOOK) for operation in HOOKS}
    rows = hooks | set(LINKS) | NOT_CALLED | PROXIES | MOVES

    assert SENT.keys() - rows == set()
    assert rows - SENT.keys() == set()


def test_the_hook_is_a_member_of_each_submit() -> None:
    assert len(HOOKS) >= 10


def body_with(member: str, value: str) -> dict[str, Any]:
    is_list = member.endswith("Array")
    body: dict[str, Any] = {
        "prompt": "a red fox",
        "taskId": "1",
        "content": "1 U1",
        "index": 1,
        "action": "UPSCALE",
        "customId": "MJ::JOB::upsample::1::x",
        "jobId": "00000000-0000-4000-8000-000000000000",
    }
    return body | {member: [value, value] if is_list else value}


def code_of(api: ApiClient, operation: str, member: str, value: str) -> int:
    answer = api.send(SENT[operation, member], body_with(member, value))
    assert answer.status_code in (200, 404), answer.content
    return int(answer.json()["code"])


@pytest.fixture
def ready(alice: User, account: DiscordAccount) -> None:
    alice.may_swap_faces = True
    alice.save()
    swaps = apps.get_model("tasks.SwapSettings").get_solo()
    swaps.enabled = swaps.video_enabled = True
    swaps.reason, swaps.token = "for the tests", "token"
    swaps.save()


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("operation", HOOKS)
def test_a_hook_of_another_form_is_refused(api: ApiClient, operation: str) -> None:
    for value in (*OTHER_SCHEMES, *WITH_NAMES):
        assert code_of(api, operation, HOOK, value) not in (1, 21, 22), value
    assert not apps.get_model("tasks.Task").objects.exists()


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(("operation", "member"), LINKS)
def test_a_link_that_is_not_public_is_refused(
    api: ApiClient, operation: str, member: str
) -> None:
    for value in (*HOSTILE, *OTHER_SCHEMES, *WITH_NAMES):
        assert code_of(api, operation, member, value) not in (1, 21, 22), value
    assert not apps.get_model("tasks.Task").objects.exists()


@pytest.mark.parametrize("value", [*HOSTILE, *OTHER_SCHEMES, *WITH_NAMES])
def test_no_move_begins_from_such_a_host(operator_api: ApiClient, value: str) -> None:
    [(operation, member)] = MOVES
    body = {member: value, "apiSecret": "x" * 20, "source": "mjproxy"}

    answer = operator_api.send(SENT[operation, member], body)

    assert not answer.json().get("success"), value
    assert not apps.get_model("tasks.MoveIn").objects.exists()


@pytest.mark.parametrize("value", [*OTHER_SCHEMES, "http://a.example/path"])
def test_no_account_gets_such_a_proxy(operator_api: ApiClient, value: str) -> None:
    for operation, member in sorted(PROXIES):
        path = SENT[operation, member].replace("{account_id}", "1")
        operator_api.send(path, {"channelId": "1" * 18, member: value})

    assert not DiscordAccount.objects.exists()
