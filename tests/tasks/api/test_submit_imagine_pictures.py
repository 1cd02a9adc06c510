"""POST /mj/submit/imagine with pictures before the prompt and links in it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount
from tasks.enums import InputRole
from tasks.models import Task
from tests.conftest import ApiClient
from tests.pictures import bare, data_url, picture
from tests.tasks.refusals import (
    BAD_LINKS,
    BAD_PICTURES,
    OFFICIAL_LINK,
    PUBLIC_LINK,
    Block,
    check_refused,
)

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/imagine"
PICTURE = data_url(picture())


@pytest.mark.parametrize(
    ("members", "urls"),
    [
        ({"base64Array": [PICTURE]}, [""]),
        ({"base64": PICTURE}, [""]),
        ({"base64": bare(picture(kind="JPEG"))}, [""]),
        ({"base64Array": [PUBLIC_LINK], "base64": PICTURE}, [PUBLIC_LINK, ""]),
        ({"base64Array": [None, "", OFFICIAL_LINK]}, [OFFICIAL_LINK]),
        ({"Base64Array": [PICTURE, PUBLIC_LINK]}, ["", PUBLIC_LINK]),
    ],
)
def test_pictures_are_taken_in_any_form_and_in_order(
    api: ApiClient, account: DiscordAccount, members: Any, urls: list[str]
) -> None:
    said = api.send(PATH, {"prompt": "fox"} | members).json()

    task = Task.objects.get()
    assert (said["code"], said["result"]) == (1, str(task.pk))
    assert [p.source_url for p in task.inputs.all()] == urls
    assert {p.role for p in task.inputs.all()} == {InputRole.PROMPT}
    assert (task.prompt, task.prepared) == ("fox", False)


@pytest.mark.parametrize("name", ["base64Array", "base64"])
@pytest.mark.parametrize("bad", BAD_PICTURES, ids=lambda bad: bad[:40])
def test_a_bad_picture_is_refused(
    api: ApiClient, account: DiscordAccount, unchanged: Block, name: str, bad: str
) -> None:
    value: Any = [PICTURE, bad] if name == "base64Array" else bad

    with unchanged():
        answer = api.send(PATH, {"prompt": "fox", name: value})

    check_refused(answer, 4, BAD_PICTURES[bad])


def test_ten_pictures_and_no_more(
    api: ApiClient, account: DiscordAccount, unchanged: Block
) -> None:
    with unchanged():
        answer = api.send(PATH, {"prompt": "fox", "base64Array": [PICTURE] * 11})

    check_refused(answer, 4, "图片过多")
    body = {"prompt": "fox", "base64Array": [PICTURE] * 9, "base64": PICTURE}
    assert api.send(PATH, body).json()["code"] == 1


def test_links_in_the_prompt_are_brought_along(
    api: ApiClient, account: DiscordAccount
) -> None:
    prompt = f"{PUBLIC_LINK} fox --sref {OFFICIAL_LINK}"

    api.send(PATH, {"prompt": prompt})

    task = Task.objects.get()
    assert (task.prompt, task.prepared) == (prompt, False)
    assert [(p.role, p.source_url) for p in task.inputs.all()] == [
        (InputRole.LINK, PUBLIC_LINK)
    ]


def test_a_prompt_with_midjourneys_own_links_is_ready(
    api: ApiClient, account: DiscordAccount
) -> None:
    api.send(PATH, {"prompt": f"{OFFICIAL_LINK} fox"})

    task = Task.objects.get()
    assert (task.prepared, task.inputs.count()) == (True, 0)


@pytest.mark.parametrize("link", BAD_LINKS)
def test_a_link_that_may_not_be_asked_is_refused(
    api: ApiClient, account: DiscordAccount, unchanged: Block, link: str
) -> None:
    with unchanged():
        answer = api.send(PATH, {"prompt": f"fox --sref {link}"})

    check_refused(answer, 4, BAD_LINKS[link])


@pytest.mark.parametrize(
    "members", [{"base64Array": "x"}, {"base64Array": [{}]}, {"base64": 7}]
)
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, members: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, {"prompt": "fox"} | members)

    assert (answer.status_code, answer.json()["code"]) == (200, -1)


def test_the_same_key_keeps_pictures_once(
    api: ApiClient, account: DiscordAccount
) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"prompt": "fox", "base64Array": [PICTURE]}

    first, again = (api.send(PATH, body, headers=headers).json() for _ in range(2))

    assert first["result"] == again["result"]
    assert Task.objects.get().inputs.count() == 1
