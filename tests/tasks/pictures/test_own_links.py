"""Links to our own pictures in requests: read from the disk, only for their owner."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from tasks.enums import InputRole, TaskStatus
from tasks.exceptions import InvalidRequest
from tasks.models import InputPicture, Task
from tasks.pictures import inputs, own_links, store
from tasks.pictures.own_links import Viewer, find_own, fitting, kept_bytes
from tasks.wire import image_url
from tests.conftest import ApiClient
from tests.factories import make_finished, make_task, make_user
from tests.pictures import bomb, data_url, picture
from tests.tasks.refusals import Block, check_refused

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("names", "media"),
]
BODY = picture((12, 9), "lime")
HERE = "http://mj_proxy:8080"
PNG_TYPE = "image/png"


@pytest.fixture
def own(alice: User) -> Task:
    """A finished task whose picture is kept."""
    task = make_finished(alice)
    store.store(task, PNG_TYPE, BODY)
    task.refresh_from_db()
    return task


@pytest.fixture
def others(own: Task) -> Task:
    task = make_finished(make_user("bob"))
    store.store(task, PNG_TYPE, BODY)
    return task


def link(task: Task, base: str = HERE) -> str:
    url = image_url(task, base)
    assert url
    return url


# --- which links are ours -------------------------------------------------------------


@pytest.mark.parametrize(
    "base",
    [
        "http://mj_proxy:8080",
        "http://192.168.1.5:8080",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
        "HTTPS://DRAW.example.com",
        "https://draw.example.com:443",
        "https://draw.example.com/below",
        "http://host.docker.internal",
    ],
)
def test_a_link_with_its_secret_is_ours_under_every_host(
    alice: User, own: Task, base: str
) -> None:
    assert find_own(Viewer(alice), link(own, base)) == own


@pytest.mark.parametrize("ending", ["?x=1", "#top", "?", "?ex=1&is=2#x", "?a=%2F"])
def test_what_programs_append_does_not_matter(
    alice: User, own: Task, ending: str
) -> None:
    assert find_own(Viewer(alice), link(own) + ending) == own


@pytest.mark.parametrize("name", ["{key}-31.webp", "{key}.webp", "{key}-small.webp"])
def test_previews_and_smaller_ones_stand_for_the_picture(
    alice: User, own: Task, name: str
) -> None:
    url = f"{HERE}/images/{own.pk}/{name.format(key=own.picture_key)}"

    assert find_own(Viewer(alice), url) == own


@pytest.mark.parametrize(
    "url",
    [
        "https://pictures.example/images/1/abc.png",
        "https://pictures.example/fox.png",
        "http://10.0.0.7/images/fox.png",
        "ftp://mj_proxy:8080/images/1/abc.png",
        "not an address",
        "http://mj_proxy:8080/static/logo.png",
        "",
    ],
)
def test_other_links_are_not_ours(alice: User, own: Task, url: str) -> None:
    assert find_own(Viewer(alice, HERE), url) is None


@pytest.mark.parametrize(
    "base", [HERE, "https://draw.example.com", "http://localhost:8080"]
)
@pytest.mark.parametrize(
    "path",
    ["/images/1/abc.png", "/images/{pk}/{bad}.png", "/images/{pk}/", "/images/x/y.png"],
)
def test_under_our_own_host_what_is_unknown_is_refused_unfetched(
    alice: User, own: Task, settings: Settings, base: str, path: str
) -> None:
    settings.PUBLIC_URL = "https://draw.example.com"
    settings.PORT = 8080

    with pytest.raises(InvalidRequest) as refused:
        find_own(
            Viewer(alice, HERE), base + path.format(pk=own.pk, bad=own.picture_key[:-1])
        )

    assert refused.value.zh == "图片不存在"


def test_anothers_picture_is_as_unknown_as_none(alice: User, others: Task) -> None:
    for base in (HERE, "https://elsewhere.example"):
        with pytest.raises(InvalidRequest) as refused:
            find_own(Viewer(alice, HERE), link(others, base))

        assert refused.value.zh == "图片不存在"


def test_an_operator_sees_all_pictures(others: Task) -> None:
    olga = make_user("olga", is_staff=True, is_superuser=True)

    assert find_own(Viewer(olga), link(others)) == others


# --- what they give -------------------------------------------------------------------


def test_the_kept_file_is_read_and_no_other(alice: User, own: Task) -> None:
    assert kept_bytes(own) == BODY
    assert kept_bytes(make_finished(alice)) == b""


def test_what_is_not_kept_is_left_to_a_worker(alice: User) -> None:
    url = link(make_finished(alice))

    found = inputs.read(url, InputRole.PROMPT, viewer=Viewer(alice))

    assert (found.body, found.url) == (b"", url)


@pytest.mark.parametrize(
    ("fields", "zh"),
    [
        ({"picture_type": "video/mp4"}, "视频不能作为图片"),
        ({"status": TaskStatus.IN_PROGRESS}, "关联任务状态错误"),
        ({"status": TaskStatus.FAILURE}, "关联任务状态错误"),
        ({"picture_source": ""}, "关联任务状态错误"),
    ],
)
def test_what_is_no_finished_picture_is_refused(
    alice: User, fields: dict[str, Any], zh: str
) -> None:
    task = make_finished(alice, **fields)
    url = f"{HERE}/images/{task.pk}/{task.picture_key}.png"

    with pytest.raises(InvalidRequest) as refused:
        inputs.read(url, InputRole.PROMPT, viewer=Viewer(alice))

    assert refused.value.zh == zh


def test_one_that_is_too_large_for_discord_becomes_a_jpeg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_links, "MAX_BYTES", 60_000)
    out = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(out, "PNG")

    body = fitting(out.getvalue())

    with Image.open(io.BytesIO(body)) as image:
        assert (image.format, image.size) == ("JPEG", (200, 200))


def test_a_broken_file_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_links, "MAX_BYTES", 10)

    with pytest.raises(InvalidRequest):
        fitting(bomb(64, 64))


# --- where they may stand -------------------------------------------------------------


def bodies() -> list[bytes]:
    rows = InputPicture.objects.order_by("pk")
    return [store.read_input(row.file) for row in rows if row.file]


@pytest.mark.parametrize(
    ("path", "body", "role"),
    [
        ("imagine", {"prompt": "{} fox"}, InputRole.LINK),
        ("imagine", {"prompt": "fox --sref {} 20"}, InputRole.LINK),
        ("imagine", {"prompt": "fox --cref <{}>"}, InputRole.LINK),
        ("imagine", {"prompt": "fox", "base64Array": ["{}"]}, InputRole.PROMPT),
        ("imagine", {"prompt": "fox", "base64": "{}"}, InputRole.PROMPT),
        ("describe", {"link": "{}"}, InputRole.COMMAND),
        ("describe", {"base64": "{}"}, InputRole.COMMAND),
        ("video", {"prompt": "runs", "image": "{}"}, InputRole.PROMPT),
        ("video", {"prompt": "{} runs"}, InputRole.LINK),
        (
            "video",
            {"prompt": "runs", "image": data_url(picture()), "endImage": "{}"},
            InputRole.END_FRAME,
        ),
    ],
)
def test_it_stands_wherever_a_picture_may(
    api: ApiClient,
    account: DiscordAccount,
    own: Task,
    others: Task,
    unchanged: Block,
    path: str,
    body: Any,
    role: InputRole,
) -> None:
    def filled(task: Task) -> Any:
        return {name: _put(value, link(task)) for name, value in body.items()}

    with unchanged():
        refused = api.send(f"/mj/submit/{path}", filled(others))
    said = api.send(f"/mj/submit/{path}", filled(own)).json()

    check_refused(refused, 4, "图片不存在")
    assert said["code"] == 1, said
    row = InputPicture.objects.get(role=role)
    assert store.read_input(row.file) == BODY
    assert (row.content_type, row.width, row.height) == (PNG_TYPE, 12, 9)
    assert row.link == ""


def _put(value: Any, url: str) -> Any:
    if isinstance(value, list):
        return [_put(each, url) for each in value]
    return value.replace("{}", url)


def test_a_blend_takes_several(
    api: ApiClient, account: DiscordAccount, own: Task
) -> None:
    body = {"base64Array": [link(own), data_url(picture()), f"{link(own)}?again"]}

    assert api.send("/mj/submit/blend", body).json()["code"] == 1
    assert bodies() == [BODY, picture(), BODY]


def test_an_upload_takes_them(alice: User, own: Task, account: DiscordAccount) -> None:
    brought = inputs.read(link(own), InputRole.PROMPT, viewer=Viewer(alice))

    assert (brought.body, brought.url) == (BODY, link(own))


def test_show_knows_its_own_picture(
    api: ApiClient, account: DiscordAccount, own: Task, others: Task, unchanged: Block
) -> None:
    with unchanged():
        said = api.send("/mj/submit/show", {"jobId": link(own)}).json()
        refused = api.send("/mj/submit/show", {"jobId": link(others)})

    assert (said["code"], said["result"]) == (1, str(own.pk))
    check_refused(refused, 4, "图片不存在")


def test_the_link_in_the_text_is_the_one_that_is_replaced(
    api: ApiClient, account: DiscordAccount, own: Task
) -> None:
    url = link(own)
    api.send("/mj/submit/imagine", {"prompt": f"a fox, {url}, in snow"})

    task = Task.objects.exclude(pk=own.pk).get()
    assert [row.source_url for row in task.inputs.all()] == [url]


def test_nothing_is_looked_up_for_whoever_has_no_secret(alice: User) -> None:
    running = make_task(alice, status=TaskStatus.IN_PROGRESS)
    url = f"https://pictures.example/images/{running.pk}/0000.png"

    assert find_own(Viewer(alice), url) is None
