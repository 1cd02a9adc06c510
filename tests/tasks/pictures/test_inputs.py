from __future__ import annotations

import base64
import contextlib
import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from mjproxy.lib.safe_http import file_kinds
from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import DrawingSettings, InputPicture, Task
from tasks.pictures import inputs, masks
from tests.factories import make_task
from tests.pictures import bare, bomb, data_url, phone, picture

pytestmark = pytest.mark.django_db
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
        data_url(picture(), "application/octet-stream"),
        data_url(picture(), "binary/octet-stream"),
        data_url(picture(), "text/plain"),
        data_url(picture(), "image/jpg"),
        data_url(picture(), "image/svg+xml"),
        data_url(picture()).removeprefix("data:"),
        data_url(picture()).replace("+", "%2B").replace("=", "%3D"),
        bare(picture()).replace("+", "-").replace("/", "_"),
        bare(picture()).rstrip("="),
        "\n".join(bare(picture())[i : i + 20] for i in range(0, 400, 20)),
    ],
    ids=str,
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
        data_url(b"<html></html>", "text/html"),
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


def saved(image: Image.Image, kind: str, **kwargs: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **kwargs)
    return out.getvalue()


RED, BLUE = Image.new("RGB", (9, 7), "red"), Image.new("RGB", (9, 7), "blue")
MOVING = {"save_all": True, "append_images": [BLUE]}
ODD = {
    "two pictures of a phone": (phone((9, 7)), "image/jpeg"),
    "one picture of a phone": (saved(RED, "MPO"), "image/jpeg"),
    "CMYK": (saved(RED.convert("CMYK"), "JPEG"), "image/jpeg"),
    "grey JPEG": (saved(RED.convert("L"), "JPEG"), "image/jpeg"),
    "progressive": (saved(RED, "JPEG", progressive=True), "image/jpeg"),
    "bytes after the end": (saved(RED, "JPEG") + bytes(3000), "image/jpeg"),
    "a film after the end": (saved(RED, "JPEG") + b"\0\0\0\x18ftyp", "image/jpeg"),
    "moving PNG": (saved(RED, "PNG", **MOVING), "image/png"),
    "moving GIF": (saved(RED, "GIF", **MOVING), "image/gif"),
    "moving WebP": (saved(RED, "WEBP", **MOVING), "image/webp"),
    "lossless WebP": (saved(RED, "WEBP", lossless=True), "image/webp"),
    "palette": (saved(RED.convert("P"), "PNG"), "image/png"),
    "16 bits": (saved(Image.new("I;16", (9, 7)), "PNG"), "image/png"),
    "1 bit": (saved(RED.convert("1"), "PNG"), "image/png"),
}


@pytest.mark.parametrize(("body", "kind"), ODD.values(), ids=ODD)
def test_what_phones_and_programs_make_is_taken(body: bytes, kind: str) -> None:
    assert inputs.measure(body) == (kind, 9, 7)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
def test_a_cut_off_picture_is_refused_with_a_reason(name: str, share: float) -> None:
    body = ODD[name][0]
    if "end" in name:
        body = saved(RED, "JPEG")
    elif name in ("two pictures of a phone", "moving GIF"):
        body = body[: len(body) // 2]  # the first one, which is what is drawn from

    with pytest.raises(InvalidRequest) as refused:
        inputs.measure(body[: int(len(body) * share)])

    assert refused.value.zh == "base64格式错误"


@pytest.mark.parametrize(
    "error",
    [
        SyntaxError,
        struct.error,
        ValueError,
        OSError,
        EOFError,
        KeyError,
        IndexError,
        RecursionError,
        MemoryError,
        Image.DecompressionBombError,
    ],
)
def test_whatever_the_decoder_raises_is_a_refusal(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error("odd")

    monkeypatch.setattr(Image, "open", broken)

    with pytest.raises(InvalidRequest):
        inputs.measure(picture())
    with pytest.raises(InvalidRequest):
        masks.read_mask(data_url(picture()), width=8, height=8)


@limits(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(ODD)), st.data())
def test_bent_pictures_do_no_harm(name: str, data: st.DataObject) -> None:
    body = bytearray(ODD[name][0])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(len(body), 900) - 1))
        body[place] = data.draw(st.integers(0, 255))

    for check in (inputs.measure, file_kinds.is_cut_off):
        with contextlib.suppress(InvalidRequest):
            check(bytes(body))


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


@pytest.mark.parametrize("size", [(8001, 8000), (1, 64_000_001)])
def test_a_picture_of_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        inputs.measure(bomb(*size))

    assert refused.value.zh == "图片尺寸过大"


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
def test_all_but_masks_and_swaps_go_to_discord_first(role: InputRole) -> None:
    stay = (InputRole.MASK, InputRole.FACE, InputRole.SWAPPED)
    assert inputs.Brought(role).needs_upload is (role not in stay)


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


# --- pictures in requests are switched off -------------------------------------------


def test_where_pictures_may_not_be_sent_only_links_are_taken(db: None) -> None:
    drawings = DrawingSettings.get_solo()
    drawings.uploads = False
    drawings.save()

    for role in InputRole:
        if role in {InputRole.MASK, InputRole.FACE, InputRole.SWAPPED}:
            assert inputs.read(data_url(picture()), role).body
            continue
        with pytest.raises(InvalidRequest) as refused:
            inputs.read(data_url(picture()), role)
        assert refused.value.zh == "禁止上传"
        assert inputs.read("https://a.example/1.png", role).url
