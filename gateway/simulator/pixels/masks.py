"""Decode, check and hash masks of the region editor."""

import base64
import binascii
import hashlib
from io import BytesIO

from PIL import Image, ImageChops

from gateway.simulator.base.wire import Json

NEAR = 64  # how far from black or white a pixel may be
UNREADABLE = (
    OSError,  # also raised for data that is no picture
    ValueError,
    SyntaxError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class BadMask(Exception):
    """The mask cannot be used; the message gives the reason."""


def read_mask(text: object, size: tuple[int, int]) -> Json:
    """Return `mask_sha256` and `mask_white` of a base64 mask; raises BadMask.

    The hash is over one byte for each pixel, row by row: 255 if it is white, else 0.
    `mask_white` is the share of white pixels, 0 to 1. `size` is width and height.
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
    """Return 255 for each white pixel and 0 for each black one.

    Raises BadMask for any other colour.
    """
    red, green, blue, alpha = image.split()
    if alpha.getextrema() != (255, 255):
        raise BadMask("the mask is not opaque")
    for other in (green, blue):
        if any(ImageChops.difference(red, other).histogram()[NEAR:]):
            raise BadMask("the mask has other colours than black and white")
    if any(red.histogram()[NEAR : 256 - NEAR]):
        raise BadMask("the mask has greys")
    return red.point([0] * 128 + [255] * 128)
