"""Masks of the region editor: decoded, checked and summed up."""

import base64
import binascii
import hashlib
from io import BytesIO

from PIL import Image, ImageChops

from gateway.simulator.base.wire import Json

NEAR = 64  # how far from black or white a pixel may be
UNREADABLE = (
    OSError,  # also what is no picture at all
    ValueError,
    SyntaxError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class BadMask(Exception):
    """The mask cannot be used; the message says why."""


def read_mask(text: object, size: tuple[int, int]) -> Json:
    """Facts about the white area of a base64 mask; raises BadMask.

    `mask_sha256` is over one byte for each pixel, row by row: 255 where it is white,
    else 0. `mask_white` is the white share of all pixels.
    """
    white = _whiteness(_picture(text, size))
    pixels = white.tobytes()
    share = pixels.count(255) / len(pixels)
    if not share:
        raise BadMask("the mask has no white area")
    return {"mask_sha256": hashlib.sha256(pixels).hexdigest(), "mask_white": share}


def _picture(text: object, size: tuple[int, int]) -> Image.Image:
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise BadMask("the mask is not base64") from None
    try:
        with Image.open(BytesIO(data), formats=("PNG", "WEBP")) as image:
            if image.size != size:
                raise BadMask(f"the mask must be {size[0]}x{size[1]} pixels")
            return image.convert("RGBA")
    except UNREADABLE:
        raise BadMask("the mask is neither a PNG nor a WebP") from None


def _whiteness(image: Image.Image) -> Image.Image:
    """255 where the picture is white, 0 where it is black; it may be nothing else."""
    red, green, blue, alpha = image.split()
    if alpha.getextrema() != (255, 255):
        raise BadMask("the mask is not opaque")
    for other in (green, blue):
        if any(ImageChops.difference(red, other).histogram()[NEAR:]):
            raise BadMask("the mask has other colours than black and white")
    if any(red.histogram()[NEAR : 256 - NEAR]):
        raise BadMask("the mask has greys")
    return red.point([0] * 128 + [255] * 128)
