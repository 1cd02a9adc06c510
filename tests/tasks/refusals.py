"""Requests that are refused, and the shape of a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from tests.pictures import bomb, data_url, picture

_CHINESE: Final = re.compile("[一-鿿]")
Block = Callable[[], AbstractContextManager[None]]

# Names that resolve in tests with the fixture `names`.
NAMES: Final = {"pictures.example": "93.184.216.34", "inside.example": "10.0.0.7"}
PUBLIC_LINK: Final = "https://pictures.example/fox.png"
OFFICIAL_LINK: Final = "https://cdn.discordapp.com/attachments/1/2/fox.png?ex=1"

# Links refused by their text alone; a worker checks the addresses of their hosts.
BAD_LINKS: Final = {
    "http://127.0.0.1/x.png": "链接错误: 不允许访问内网地址",
    "http://169.254.169.254/latest": "链接错误: 不允许访问内网地址",
    "https://a:b@pictures.example/x.png": "链接错误: 链接不能包含用户名密码",
    "http://pictures.example:6379/x.png": "链接错误: 不允许访问该端口",
}
BAD_PICTURES: Final = {
    "data:image/png;base64,!!!!": "base64格式错误",
    "no base64": "base64格式错误",
    data_url(b"<html></html>", "text/html"): "base64格式错误",
    data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"): "base64格式错误",
    data_url(picture()[:40]): "base64格式错误",
    data_url(bomb()): "图片尺寸过大",
    **BAD_LINKS,
}


def check_refused(answer: Any, code: int, zh: str, *, status: int = 200) -> None:
    """Fail unless it is a submit result with this code and reasons in two languages."""
    said = answer.json()
    assert answer.status_code == status
    assert set(said) == {"code", "description", "result", "properties"}
    assert (said["code"], said["description"], said["result"]) == (code, zh, None)
    english = said["properties"]["descriptionEn"]
    assert english.strip()
    assert not _CHINESE.search(english)
