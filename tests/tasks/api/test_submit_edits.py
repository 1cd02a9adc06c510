from __future__ import annotations

from typing import Any, Final

import pytest

from accounts.models import DiscordAccount
from tests.conftest import ApiClient
from tests.pictures import data_url, picture
from tests.tasks.refusals import BAD_PICTURES, PUBLIC_LINK, Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PATHS: Final = [f"/mj/submit/{name}" for name in ("edits", "edit", "retexture")]
PICTURE: Final = data_url(picture())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("image", [PICTURE, PUBLIC_LINK], ids=["data", "link"])
def test_what_the_discord_bot_cannot_do_says_so(
    api: ApiClient, account: DiscordAccount, unchanged: Block, path: str, image: str
) -> None:
    with unchanged():
        answer = api.send(path, {"prompt": "a scarf", "image": image})

    check_refused(answer, 9, "当前账号不支持编辑/重绘任务")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "image或prompt不能为空"),
        ({"prompt": "a scarf"}, "image或prompt不能为空"),
        ({"image": PICTURE, "prompt": " "}, "image或prompt不能为空"),
        *(
            ({"prompt": "a scarf", "image": bad}, text)
            for bad, text in BAD_PICTURES.items()
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_anyway_is_named_first(
    api: ApiClient, unchanged: Block, path: str, members: dict[str, Any], text: str
) -> None:
    with unchanged():
        answer = api.send(path, members)

    check_refused(answer, 4, text)


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_learns_nothing(stranger: ApiClient, path: str) -> None:
    assert stranger.send(path, {}).status_code == 401
