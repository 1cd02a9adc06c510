from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from tasks.exceptions import InvalidRequest
from tasks.pictures.inputs import Brought
from tasks.pictures.masks import read_mask
from tests.pictures import bomb, chunk, data_url, mask, picture


def whites(found: Brought) -> list[tuple[int, int]]:
    """Return the places that are drawn anew; all others are black."""
    with Image.open(io.BytesIO(found.body)) as image:
        assert image.mode == "L"
        levels = {
            (x, y): image.getpixel((x, y))
            for x in range(image.width)
            for y in range(image.height)
        }
    assert set(levels.values()) <= {0, 255}
    return [place for place, level in levels.items() if level]


def png(depth: int, colour: int, row: bytes, more: bytes = b"", width: int = 4) -> str:
    """Return a PNG of one row, packed as the format says."""
    head = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    body = zlib.compress(b"\0" + row)
    parts = [chunk(b"IHDR", head), more, chunk(b"IDAT", body), chunk(b"IEND", b"")]
    return data_url(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def wide(*levels: int) -> bytes:
    return struct.pack(f">{len(levels)}H", *levels)


def clear(level: int) -> bytes:
    return chunk(b"tRNS", wide(level))


PALETTE = chunk(b"PLTE", bytes([0, 0, 0, 255, 255, 255, 40, 40, 40, 255, 255, 255]))
W, B = (0xFFFF,) * 3, (0,) * 3
# Four levels each, of which the last two are bright.
DEPTHS = {
    "1 bit": png(1, 0, bytes([0b00110000])),
    "2 bits": png(2, 0, bytes([0b00011011])),
    "4 bits": png(4, 0, bytes([0x07, 0x8F])),
    "8 bits": png(8, 0, bytes([0, 127, 128, 255])),
    "16 bits": png(16, 0, wide(0, 0x7F00, 0x9000, 0xFFFF)),
    "16 bits, near black": png(16, 0, wide(0x00FF, 0x0100, 0x8100, 0xFF00)),
    "palette of 1 bit": png(1, 3, bytes([0b00110000]), PALETTE),
    "palette of 2 bits": png(2, 3, bytes([0b00100111]), PALETTE),
    "palette of 8 bits": png(8, 3, bytes([0, 2, 1, 3]), PALETTE),
    "palette with a clear colour": png(
        8, 3, bytes([0, 1, 3, 3]), PALETTE + chunk(b"tRNS", bytes([255, 0]))
    ),
    "grey and alpha": png(8, 4, bytes([0, 255, 255, 0, 255, 255, 255, 255])),
    "grey and alpha of 16 bits": png(
        16, 4, wide(0, 0xFFFF, 0xFFFF, 0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF)
    ),
    "colours": png(8, 2, bytes([0] * 6 + [255] * 6)),
    "colours of 16 bits": png(16, 2, wide(*B, *B, *W, *W)),
    "alpha": png(8, 6, bytes([0, 0, 0, 255, 255, 255, 255, 0] + [255] * 8)),
    "alpha of 16 bits": png(16, 6, wide(*B, 0xFFFF, *W, 0, *W, 0xFFFF, *W, 0xFFFF)),
    "a clear grey of 2 bits": png(2, 0, bytes([0b00111010]), clear(3)),
    "a clear grey of 4 bits": png(4, 0, bytes([0x0F, 0xEE]), clear(15)),
    "a clear grey of 16 bits": png(
        16, 0, wide(0, 0xFFFF, 0xF000, 0xF000), clear(0xFFFF)
    ),
}


@pytest.mark.parametrize("given", DEPTHS.values(), ids=DEPTHS)
def test_every_kind_of_png_means_what_it_shows(given: str) -> None:
    found = read_mask(given, width=4, height=1)

    assert whites(found) == [(2, 0), (3, 0)]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "1"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
        ("GIF", "1"),
        ("GIF", "P"),
        ("GIF", "RGBA"),
    ],
)
def test_other_files_and_modes_are_taken_too(kind: str, mode: str) -> None:
    given = mask((32, 16), (16, 0, 32, 16))
    out = io.BytesIO()
    Image.open(io.BytesIO(given)).convert(mode).save(out, kind)

    found = read_mask(data_url(out.getvalue()), width=2, height=1)

    assert whites(found) == [(1, 0)]


@pytest.mark.parametrize("size", [(320, 320), (64, 31), (7, 200)])
def test_a_mask_of_another_shape_is_stretched_to_its_picture(
    size: tuple[int, int],
) -> None:
    given = mask(size, (0, 0, size[0], (size[1] + 1) // 2))

    found = read_mask(data_url(given), width=6, height=4)

    assert (found.width, found.height) == (6, 4)
    assert {y for _, y in whites(found)} == {0, 1}
    assert len(whites(found)) == 12


def test_a_mask_is_as_large_as_itself_where_its_picture_has_no_size() -> None:
    found = read_mask(data_url(mask((8, 6))), width=None, height=None)

    assert (found.width, found.height) == (8, 6)


def test_a_mask_becomes_black_and_white_as_large_as_its_picture() -> None:
    given = mask((32, 16), (0, 0, 16, 16))

    found = read_mask(data_url(given), width=64, height=32)

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

    found = read_mask(data_url(out.getvalue()), width=8, height=8)

    with Image.open(io.BytesIO(found.body)) as made:
        assert sorted(made.getcolors() or []) == [(1, 255), (63, 0)]


def test_a_mask_that_selects_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mask(data_url(picture(colour="black")), width=8, height=8)

    assert refused.value.zh == "蒙版为空"


def test_a_mask_of_more_pixels_than_any_picture_is_not_unpacked() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mask(data_url(bomb(4097, 4097)), width=64, height=64)

    assert refused.value.zh == "图片尺寸过大"


def test_a_mask_whose_pixels_are_broken_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mask(data_url(bomb(64, 64)), width=64, height=64)

    assert refused.value.zh == "base64格式错误"
