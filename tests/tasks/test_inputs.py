from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from tasks import inputs
from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import InputPicture, Task
from tests.factories import make_task
from tests.pictures import bare, bomb, data_url, mask, picture

ROLE = InputRole.PROMPT


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")],
)
def test_a_picture_is_known_by_its_bytes(kind: str, content_type: str) -> None:
    body = picture((30, 20), kind=kind)

    found = inputs.read(data_url(body, "image/png"), ROLE)

    assert (found.content_type, found.width, found.height) == (content_type, 30, 20)
    assert found.body == body


@pytest.mark.parametrize(
    "text",
    [
        bare(picture()),
        f"  {data_url(picture())}\n",
        data_url(picture()).replace("image/png;", "image/png;charset=utf-8;"),
        data_url(picture()).replace("data:image/png", "data:"),
        bare(picture()).rstrip("="),
        "\n".join(bare(picture())[i : i + 20] for i in range(0, 400, 20)),
    ],
    ids=["bare", "blanks", "charset", "no type", "no padding", "lines"],
)
def test_all_ways_to_write_it_are_read(text: str) -> None:
    assert inputs.read(text, ROLE).body == picture()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/png;base64,äöü",
        data_url(b"GIF89a"),
        data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        data_url(picture(), "text/html"),
        data_url(picture()[:-20]),
        data_url(picture()[:40]),
        data_url(b"\x89PNG\r\n\x1a\n" + bytes(50)),
        "\0",
        base64.b64encode(b"\x00" * 100).decode(),
    ],
)
def test_what_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read(text, ROLE)

    assert refused.value.zh == "base64格式错误"


def test_a_bomb_is_refused_before_its_pixels_are_made() -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read(data_url(bomb()), ROLE)

    assert "pixels" in refused.value.en


def test_more_bytes_than_discord_takes_are_refused() -> None:
    body = picture() + bytes(inputs.MAX_BYTES)

    with pytest.raises(InvalidRequest) as refused:
        inputs.read(bare(body), ROLE)

    assert "bytes" in refused.value.en


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/x.png",
        "http://[::1]/x.png",
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest",
        "https://user:password@example.com/x.png",
        "http://localhost:5432/x.png",
        "http://nowhere.invalid/x.png",
        "https://",
        "https://exa mple.com",
    ],
)
def test_a_link_that_may_not_be_asked_is_refused(link: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False

    with pytest.raises(InvalidRequest) as refused:
        inputs.read(link, ROLE)

    assert refused.value.zh.startswith("链接")


def test_links_of_midjourney_are_taken_without_a_look() -> None:
    link = "https://cdn.midjourney.com/5c0ffee0/0_0.png"

    assert inputs.read(link, ROLE).url == link


def test_a_mask_becomes_black_and_white_as_large_as_its_picture() -> None:
    given = mask((32, 16), (0, 0, 16, 16))

    found = inputs.read_mask(data_url(given), width=64, height=32)

    with Image.open(io.BytesIO(found.body)) as image:
        assert (image.size, image.mode) == ((64, 32), "L")
        assert image.getpixel((0, 0)) == 255
        assert image.getpixel((63, 31)) == 0
        assert {level for _, level in image.getcolors() or []} == {0, 255}


def test_what_is_transparent_in_a_mask_is_kept() -> None:
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    image.putpixel((0, 0), (255, 255, 255, 255))
    out = io.BytesIO()
    image.save(out, "PNG")

    found = inputs.read_mask(data_url(out.getvalue()), width=8, height=8)

    with Image.open(io.BytesIO(found.body)) as made:
        assert sorted(made.getcolors() or []) == [(1, 255), (63, 0)]


@pytest.mark.parametrize("size", [(8, 9), (100, 50), (1, 200)])
def test_a_mask_of_another_shape_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read_mask(data_url(mask(size, (0, 0, 1, 1))), width=64, height=64)

    assert refused.value.zh == "蒙版尺寸与图片不符"


def test_a_mask_that_selects_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read_mask(data_url(picture(colour="black")), width=8, height=8)

    assert refused.value.zh == "蒙版为空"


@pytest.mark.parametrize("size", [(8001, 8000), (1, 64_000_001)])
def test_a_picture_of_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.measure(bomb(*size))

    assert refused.value.zh == "图片尺寸过大"


def test_a_mask_of_more_pixels_than_any_picture_is_not_unpacked() -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read_mask(data_url(bomb(4097, 4097)), width=64, height=64)

    assert refused.value.zh == "图片尺寸过大"


def test_a_mask_whose_pixels_are_broken_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.read_mask(data_url(bomb(64, 64)), width=64, height=64)

    assert refused.value.zh == "base64格式错误"


def test_blank_places_in_a_list_are_left_out() -> None:
    given = [None, bare(picture()), " ", bare(picture(colour="blue"))]

    found = inputs.read_all(given, ROLE)

    assert [each.position for each in found] == [0, 1]


# --- kept -----------------------------------------------------------------------------


@pytest.fixture
def task(alice: User) -> Task:
    return make_task(alice)


def test_rows_tell_what_was_brought_and_where_it_is(task: Task, media: Path) -> None:
    official = "https://cdn.midjourney.com/5c0ffee0/0_0.png"
    brought = [
        inputs.read(data_url(picture((3, 2))), ROLE),
        inputs.read(official, ROLE, 1),
    ]

    inputs.write_rows(inputs.write_files(brought), task=task)

    kept, linked = task.inputs.all()
    assert (kept.content_type, kept.width, kept.height) == ("image/png", 3, 2)
    assert (media / kept.file).read_bytes() == picture((3, 2))
    assert (kept.source_url, kept.link) == ("", "")
    assert (linked.file, linked.source_url, linked.link) == ("", official, official)


def test_files_without_rows_are_removed(task: Task, media: Path) -> None:
    files = inputs.write_files([inputs.read(data_url(picture()), ROLE)])

    inputs.remove_files(files)

    assert [path for path in media.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("role", InputRole)
def test_all_but_a_mask_goes_to_discord_first(role: InputRole) -> None:
    assert inputs.Brought(role).needs_upload is (role is not InputRole.MASK)


def test_a_name_at_discord_tells_pictures_apart_and_nothing_else(task: Task) -> None:
    own = [
        InputPicture(task=task, position=n, content_type="image/webp") for n in (0, 1)
    ]
    nobodys = [InputPicture(content_type="image/png") for _ in range(2)]

    assert [inputs.name_at_discord(p) for p in own] == [
        f"{task.pk}-0.webp",
        f"{task.pk}-1.webp",
    ]
    assert len({inputs.name_at_discord(p) for p in nobodys}) == 2
