"""Whatever is thrown at an address: never a 5xx, never a row."""

from __future__ import annotations

import gzip
from typing import Any, Final

import pytest
from django.test import Client

from accounts.models import DiscordAccount, User
from tasks.models import Errand, InputPicture, Task
from tests.conftest import ApiClient
from tests.factories import make_finished

POSTS: Final = [
    "/mj/submit/imagine",
    "/mj-fast/mj/submit/imagine",
    "/mj/submit/action",
    "/mj/submit/change",
    "/mj/submit/simple-change",
    "/mj/submit/modal",
    "/mj/submit/blend",
    "/mj/submit/describe",
    "/mj/submit/shorten",
    "/mj/submit/show",
    "/mj/submit/video",
    "/mj/submit/edits",
    "/mj/submit/upload-discord-images",
    "/mj/task/list-by-condition",
    "/mj/task/list-by-ids",
    "/mj/admin/account",
    "/mj/admin/user",
    "/mj/admin/users",
    "/mj/admin/setting",
    "/mj/admin/banned-word",
    "/mj/admin/banned-words",
    "/mj/admin/mjplus-migration",
    "/mj/insight-face/swap",
    "/mj/insight-face/video-swap",
    "/mj/admin/register",
]
GETS: Final = [
    "/mj/task/{}/fetch",
    "/mj/task/{}/image-seed",
    "/mj/account/{}/fetch",
    "/mj/task/{}",
]
BODIES: Final[dict[str, bytes]] = {
    "array": b"[]",
    "array of objects": b'[{"prompt":"x"}]',
    "null": b"null",
    "number": b"1",
    "string": b'"x"',
    "unfinished": b'{"prompt":',
    "not utf-8": b'{"prompt":"\xff\xfe"}',
    "utf-16": '{"prompt":"x"}'.encode("utf-16"),
    "lone surrogate": b'{"prompt":"\\ud800","taskId":"\\ud800","name":"\\udfff"}',
    "NUL byte": b'{"prompt":"a\x00b"}',
    "escaped NUL": b'{"prompt":"a\\u0000b","state":"\\u0000","taskId":"\\u0000",'
    b'"customId":"\\u0000","content":"1 \\u0000","ids":["\\u0000"],"name":"\\u0000",'
    b'"token":"long enough \\u0000","channelId":"\\u0000","userToken":"\\u0000"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"prompt":' + b"[" * 900 + b"]" * 900 + b"}",
    "huge integer": b'{"index":' + b"9" * 5000 + b',"ids":[' + b"9" * 400 + b"]}",
    "huge float": b'{"index":1e400,"interval":1e400,"ids":[1e308]}',
    "NaN": b'{"index":NaN}',
    "gzip": gzip.compress(b'{"prompt":"x"}'),
    "form": b"prompt=x&taskId=1",
    "zeros": b"\x00" * 1000,
    "comment": b'{"prompt":"x" /* y */}',
    "trailing comma": b'{"prompt":"x",}',
    "all null": b'{"prompt":null,"taskId":null,"customId":null,"content":null,'
    b'"ids":null,"action":null,"index":null,"accountFilter":null,"base64Array":null,'
    b'"state":null,"notifyHook":null,"botType":null,"name":null,"role":null}',
    "all objects": b'{"prompt":{},"taskId":{},"customId":{},"content":{},"ids":{},'
    b'"action":{},"index":{},"accountFilter":[],"base64Array":{},"state":{},"name":{},'
    b'"role":{},"status":[],"channelId":{},"interval":[],"enable":{},"jobId":{},'
    b'"base64":{},"maskBase64":[],"link":{},"image":{},"dimensions":{},"loop":{}}',
    "pictures": b'{"base64Array":["\\ud800","\\u0001",7,true],"base64":"\\ud800",'
    b'"maskBase64":"\\ud800","image":"\\udfff","jobId":"\\ud800","prompt":"x"}',
    "nulls in lists": b'{"prompt":"","ids":[null],"base64Array":[null],'
    b'"accountFilter":{"modes":[null]}}',
    "long id": b'{"taskId":"' + b"9" * 5000 + b'","customId":"x","action":"REROLL"}',
    "long line": b'{"content":"' + b"1 " * 50_000 + b'U1"}',
    "odd names": b'{"__proto__":{},"":1,"\\u0000":2,"prompt ":"x"}',
    "doubled names": b'{"prompt":"","Prompt":"","PROMPT":""}',
}
NAMES: Final = [
    "%00",
    "%0a",
    "..%2f..",
    "%ff",
    "' OR 1=1 --",
    "9" * 5000,
    "%F0%9F%A6%8A",
]


@pytest.fixture
def everyone(
    api: ApiClient, operator_api: ApiClient, account: DiscordAccount, alice: User
) -> list[ApiClient]:
    make_finished(alice, account=account)
    return [api, operator_api]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_answered_and_writes_nothing(
    everyone: list[ApiClient], path: str, body: bytes
) -> None:
    before = counts()

    answers = [
        client.generic("POST", path, body, "application/json") for client in everyone
    ]

    for answer in answers:
        assert answer.status_code < 500
        assert answer["Content-Type"] == "application/json"
        assert b"Traceback" not in answer.content
    assert counts() == before


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_address_is_answered(api: ApiClient, path: str, name: str) -> None:
    answer = api.get(path.format(name))

    assert answer.status_code in (204, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "\x00"},
        {"Authorization": "Bearer " + "x" * 100_000},
        {"Authorization": "ключ".encode().decode("latin-1")},
        {"mj-api-secret": "🦊"},
        {"X-Forwarded-For": "\x00, ,"},
        {"Cookie": "mjproxy_session=\x00; a=" + "b" * 5000},
        {"Idempotency-Key": "\x00"},
        {"Accept-Language": "x" * 5000},
        {"Origin": "http://["},
    ],
)
def test_a_hostile_header_is_answered(
    stranger: Client, account: DiscordAccount, headers: dict[str, str]
) -> None:
    for path in ("/mj/task/1/fetch", "/mj/task/list"):
        assert stranger.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize("key", ["\x00", "a\x00b", "\x7f", "x" * 5000])
def test_a_hostile_idempotency_key_is_refused(
    api: ApiClient, account: DiscordAccount, key: str
) -> None:
    answer = api.send(
        "/mj/submit/imagine", {"prompt": "fox"}, headers={"Idempotency-Key": key}
    )

    assert answer.json()["code"] == 4
    assert not Task.objects.exists()


def counts() -> dict[str, Any]:
    models = (Task, Errand, InputPicture, User, DiscordAccount)
    return {model.__name__: model.objects.count() for model in models}
