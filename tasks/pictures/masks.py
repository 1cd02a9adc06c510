"""Convert masks that clients draw into the form that the bot takes."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.pictures.decode_slots import UNPACKING
from tasks.pictures.inputs import FORMATS, Brought, not_a_picture, read

# Every pixel is decoded, so the limit is the size of Midjourney's largest picture.
MAX_PIXELS: Final = 4096 * 4096
_SCALES: Final = {"L;2": 85, "L;4": 17}


def read_mask(text: str, *, width: int | None, height: int | None) -> Brought:
    """Return the mask in black and white, in the size of its picture.

    White is redrawn; transparent counts as black. A mask of another size is stretched.
    Raises InvalidRequest if the mask is all black.
    """
    given = read(text, InputRole.MASK)
    if given.url:
        raise InvalidRequest("base64格式错误", "A mask is a data URL")
    if (given.width or 1) * (given.height or 1) > MAX_PIXELS:
        raise InvalidRequest("图片尺寸过大", "The mask has too many pixels")
    size = (width or given.width or 1, height or given.height or 1)
    try:
        with UNPACKING, Image.open(io.BytesIO(given.body), formats=FORMATS) as image:
            mask = _two_colours(image).resize(size, Image.Resampling.NEAREST)
    except Exception:  # Pillow's decoders raise many kinds of errors
        raise not_a_picture() from None
    if mask.getextrema()[1] == 0:
        raise InvalidRequest("蒙版为空", "The mask selects nothing: white is redrawn")
    out = io.BytesIO()
    mask.save(out, "PNG")
    return Brought(InputRole.MASK, 0, out.getvalue(), "image/png", *size)


def _two_colours(image: Image.Image) -> Image.Image:
    layer = _eight_bits(image).convert("RGBA")
    flat = Image.new("RGB", layer.size)
    flat.paste(layer, mask=layer.getchannel("A"))
    return flat.convert("L").point(lambda level: 255 if level >= 128 else 0)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture with 8 bits per channel, its transparent level scaled.

    Pillow scales 2 and 4 bits, but clips 16 bits, and never scales the level.
    """
    tiles = getattr(image, "tile", [])
    raw = str(tiles[0].args) if tiles else ""
    wide = image.mode.startswith("I")
    scale = 1 / 257 if wide else _SCALES.get(raw, 1)
    clear = image.info.get("transparency")
    if wide:
        grey = image.convert("I").point(lambda level: level * (1 / 257))
        image = grey.convert("L")
    if isinstance(clear, int) and image.mode == "L":
        image.info["transparency"] = int(clear * scale)
    return image
