"""Pictures that programs and phones make, at every address that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import DiscordAccount
from tasks.models import InputPicture
from tests.conftest import ApiClient
from tests.pictures import bare, bomb, data_url, phone, picture
from tests.tasks.refusals import PUBLIC_LINK, Block, check_refused

pytestmark = [pytest.mark.usefixtures("names", "media"), pytest.mark.any_database]

BODIES: dict[str, Callable[[str], Any]] = {
    "imagine": lambda p: {"prompt": "fox", "base64Array": [p]},
    "blend": lambda p: {"base64Array": [p, PUBLIC_LINK]},
    "describe": lambda p: {"base64": p},
    "video": lambda p: {"prompt": "runs", "image": p, "endImage": p},
}
FORMS: dict[str, Callable[[bytes], str]] = {
    "data URL": lambda body: data_url(body, "image/jpeg"),
    "no label": lambda body: data_url(body, "application/octet-stream"),
    "bare": bare,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", BODIES)
def test_a_phones_picture_is_a_jpeg_everywhere(
    api: ApiClient, account: DiscordAccount, path: str, form: str
) -> None:
    body = BODIES[path](FORMS[form](phone((9, 7))))

    said = api.send(f"/mj/submit/{path}", body)

    assert (said.status_code, said.json()["code"]) == (200, 1)
    row = InputPicture.objects.exclude(file="").order_by("pk")[0]
    assert (row.content_type, row.width, row.height) == ("image/jpeg", 9, 7)
    assert row.file.endswith(".jpg")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("bad", "zh"),
    [
        (phone()[:200], "base64格式错误"),
        (picture(kind="JPEG")[:300], "base64格式错误"),
        (picture(kind="WEBP")[:30], "base64格式错误"),
        (picture(kind="GIF")[:20], "base64格式错误"),
        (b"\xff\xd8\xff" + bytes(99), "base64格式错误"),
        (b"\0\0\0\x18ftypheic" + bytes(99), "base64格式错误"),
        (bomb(), "图片尺寸过大"),
    ],
)
def test_a_broken_one_is_refused_everywhere(
    api: ApiClient,
    account: DiscordAccount,
    unchanged: Block,
    path: str,
    form: str,
    bad: bytes,
    zh: str,
) -> None:
    with unchanged():
        said = api.send(f"/mj/submit/{path}", BODIES[path](FORMS[form](bad)))

    check_refused(said, 4, zh)
