from __future__ import annotations

from typing import Any

import pytest

from tasks.prompts.video import as_video, has_parameter


@pytest.mark.parametrize(
    ("prompt", "wish", "made"),
    [
        ("it runs", {}, "it runs --video 1 --motion low"),
        ("", {}, "--video 1 --motion low"),
        ("it runs", {"motion": "high"}, "it runs --video 1 --motion high"),
        ("it runs", {"end": "loop"}, "it runs --video 1 --motion low --end loop"),
        ("it runs", {"batch": 1}, "it runs --video 1 --motion low --bs 1"),
        ("it runs --motion high", {}, "it runs --motion high --video 1"),
        ("--VIDEO 1 --BS 2", {"batch": 1}, "--VIDEO 1 --BS 2 --motion low"),
        ("it runs --end https://x", {"end": "loop"}, None),
        ("it runs --videos", {}, "it runs --videos --video 1 --motion low"),
        ("it runs--video", {}, "it runs--video --video 1 --motion low"),
    ],
)
def test_a_video_gets_the_parameters_that_it_lacks(
    prompt: str, wish: dict[str, Any], made: str | None
) -> None:
    expected = f"{prompt} --video 1 --motion low" if made is None else made

    usual: dict[str, Any] = {"motion": "low", "end": "", "batch": 4}

    assert as_video(prompt, **(usual | wish)) == expected


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("fox --video 1", True),
        ("--Video", True),
        ("fox\n--video\t1", True),
        ("fox --videos 1", False),
        ("fox ---video", False),
        ("video", False),
        ("", False),
    ],
)
def test_a_parameter_is_a_word_of_its_own(prompt: str, found: bool) -> None:
    assert has_parameter(prompt, "video") is found
