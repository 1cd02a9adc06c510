"""No room on the disk: 503, nothing left behind, and well again by itself."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError

from accounts.models import DiscordAccount
from tasks import services
from tasks.models import Errand, InputPicture, Task
from tasks.pictures import inputs, store
from tasks.pictures.kept import drafts
from tests.conftest import ApiClient
from tests.pictures import data_url, picture

pytestmark = pytest.mark.usefixtures("names", "media")
PICTURE = data_url(picture())
BLEND = "/mj/submit/blend", {"base64Array": [PICTURE, PICTURE]}
UPLOAD = "/mj/submit/upload-discord-images", {"base64Array": [PICTURE, PICTURE]}
ENDPOINTS = pytest.mark.parametrize(
    ("path", "body"), [BLEND, UPLOAD], ids=["blend", "up"]
)
FULL = OperationalError("database or disk is full")


def fails_from(times: int, what: Callable[..., Any], exc: Exception) -> Any:
    """Return `what`, which raises from the call with that number on."""
    calls: list[int] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) >= times:
            raise exc
        return what(*args, **kwargs)

    return call


def check_refused(api: ApiClient, path: str, body: dict[str, Any]) -> None:
    answer = api.send(path, body)

    assert answer.status_code == 503
    assert (answer.json()["code"], answer.json()["success"]) == (-1, False)
    assert "The disk is full" in answer.json()["message"]
    assert [rows.objects.count() for rows in (Task, Errand, InputPicture)] == [0, 0, 0]
    root = Path(settings.MEDIA_ROOT)
    assert [path for path in root.rglob("*") if path.is_file()] == []


@ENDPOINTS
@pytest.mark.parametrize("file", [1, 2])
def test_no_room_for_a_picture(
    api: ApiClient,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, Any],
    file: int,
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(store, "settle", fails_from(file, drafts.settle, full))

    check_refused(api, path, body)


@ENDPOINTS
def test_no_room_for_the_rows(
    api: ApiClient,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, Any],
) -> None:
    monkeypatch.setattr(inputs, "write_rows", fails_from(1, inputs.write_rows, FULL))

    check_refused(api, path, body)


def test_it_is_over_when_there_is_room(
    api: ApiClient, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(inputs, "write_rows", fails_from(1, inputs.write_rows, FULL))
        check_refused(api, *BLEND)

    assert api.send(*BLEND).json()["code"] == 1
    assert InputPicture.objects.count() == 2


@pytest.mark.parametrize("path", ["/mj/submit/imagine", "/mj/submit/shorten"])
def test_no_room_for_a_row(
    api: ApiClient, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(services, "_insert", fails_from(1, services._insert, FULL))

    check_refused(api, path, {"prompt": "a cat"})
