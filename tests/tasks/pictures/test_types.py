from __future__ import annotations

from tasks.pictures.types import extension


def test_a_file_is_named_after_what_it_holds() -> None:
    kinds = ("image/jpeg", "image/webp", "video/mp4", "", "text/html")

    assert [extension(kind) for kind in kinds] == ["jpg", "webp", "mp4", "png", "png"]
