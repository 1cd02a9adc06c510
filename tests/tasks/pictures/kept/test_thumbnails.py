from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tasks.pictures.kept.thumbnails import NoThumbnail, TooLarge, thumbnails
from tests.pictures import bomb, phone, picture

SIZES = (320, 640)


def made(tmp_path: Path, body: bytes) -> dict[int, Image.Image]:
    path = tmp_path / "picture"
    path.write_bytes(body)
    found = thumbnails(path, SIZES)
    return {size: Image.open(io.BytesIO(small)) for size, small in found.items()}


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        ((2048, 1024), (320, 160), (640, 320)),
        ((900, 1800), (160, 320), (320, 640)),
        ((500, 400), (320, 256), (500, 400)),
        ((64, 32), (64, 32), (64, 32)),
        ((5000, 1), (320, 1), (640, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_longer_side_has_the_size_and_none_grows(
    tmp_path: Path,
    kind: str,
    size: tuple[int, int],
    small: tuple[int, int],
    large: tuple[int, int],
) -> None:
    found = made(tmp_path, picture(size, kind=kind))

    assert {key: image.size for key, image in found.items()} == {320: small, 640: large}
    assert {image.format for image in found.values()} == {"WEBP"}


def test_colours_stay_and_halves_are_not_swapped(tmp_path: Path) -> None:
    whole = Image.new("RGB", (2048, 2048), "red")
    whole.paste("blue", (1024, 0, 2048, 2048))
    out = io.BytesIO()
    whole.save(out, "PNG")

    for image in made(tmp_path, out.getvalue()).values():
        assert image.convert("RGB").getpixel((10, 10)) == pytest.approx(
            (255, 0, 0), abs=8
        )
        assert image.convert("RGB").getpixel((image.width - 10, 10)) == pytest.approx(
            (0, 0, 255), abs=8
        )


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_what_moves_has_its_first_picture(tmp_path: Path, kind: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (700, 700), colour) for colour in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)

    for image in made(tmp_path, out.getvalue()).values():
        assert getattr(image, "n_frames", 1) == 1
        assert image.convert("RGB").getpixel((5, 5)) == pytest.approx(
            (255, 0, 0), abs=8
        )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_any_mode_becomes_colours(tmp_path: Path, mode: str) -> None:
    out = io.BytesIO()
    kind = "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (700, 700)).save(out, kind)

    found = made(tmp_path, out.getvalue())

    assert {image.size for image in found.values()} == {(320, 320), (640, 640)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no picture",
        picture((700, 700))[:200],
        picture((700, 700), kind="WEBP")[:60],
        bomb(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
    ],
)
def test_what_cannot_be_decoded_has_none(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(NoThumbnail):
        made(tmp_path, body)


def test_two_pictures_in_one_file_are_none_of_ours(tmp_path: Path) -> None:
    found = made(tmp_path, phone((700, 700)))

    assert found[640].convert("RGB").getpixel((5, 5)) == pytest.approx(
        (255, 0, 0), abs=8
    )


def test_the_caller_limits_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(picture((100, 100)))

    assert thumbnails(path, SIZES, 10_000).keys() == {320, 640}
    with pytest.raises(TooLarge):
        thumbnails(path, SIZES, 9_999)
