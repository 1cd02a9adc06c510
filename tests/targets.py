"""Request targets that may be signed, and so must be sent unchanged."""

from __future__ import annotations

from typing import Final

TARGETS: Final = (
    "/a.png?X-Amz-Credential=AK%2F20261128%2Fus-east-1%2Fs3&X-Amz-Signature=ab",
    "/a%2bb?sign=%2b%2B+%20&x=%7e~",
    "/a[0]?a[0]=1&b={c}|^",
    "/%28x%29/(y)",
    "/%E7%8B%90/%e7%8b%90.png",
    "/a/../b/./c",
    "//a//b",
    "/a?",
    "/a?b=c?d=e&&=",
    "/%zz%",
    "/a;b=c,d'e!f*g",
    "/?url=https://x/y?z",
    "/" + "long" * 400,
)
# What is not ASCII cannot be sent: escaped, and nothing else.
ESCAPED: Final = {
    "/狐狸/a%2Fb.png?名=é&c=%2b": (
        "/%E7%8B%90%E7%8B%B8/a%2Fb.png?%E5%90%8D=%C3%A9&c=%2b"
    ),
    "?a=%2F": "/?a=%2F",
    "/a?b=%2F#c": "/a?b=%2F",
    "": "/",
}
