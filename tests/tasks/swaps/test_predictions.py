from __future__ import annotations

from typing import Any

import pytest

from tasks.swaps.predictions import Prediction, read, read_list, reason_of, words


@pytest.mark.parametrize(
    "found",
    [
        *(None, [], "x", 7, {}, {"id": 7}, {"id": ""}, {"id": "a/../b"}),
        *({"id": "a" * 101}, {"id": "a?b"}, {"id": "ä"}),
    ],
)
def test_what_has_no_id_is_no_prediction(found: Any) -> None:
    assert read(found) is None


@pytest.mark.parametrize("value", [7, [], {"a": 1}, None, True, [{"x": 1}, 4]])
def test_members_of_a_wrong_type_count_as_missing(value: Any) -> None:
    names = ("status", "output", "error", "logs", "input", "created_at")
    found = read({"id": "abc", **dict.fromkeys(names, value)})

    assert found is not None
    empty = Prediction("abc")
    assert (found.status, found.error, found.progress) == ("", "", None)
    assert (found.output, found.created_at) == (empty.output, None)


@pytest.mark.parametrize(
    ("output", "address"),
    [
        ("https://x/1", "https://x/1"),
        (["https://x/1", " ", "https://x/2", ""], "https://x/2"),
        ("", ""),
        ([], ""),
        ([None, "https://x/1"], "https://x/1"),
    ],
)
def test_the_last_address_is_the_result(output: Any, address: str) -> None:
    found = read({"id": "a", "output": output})

    assert found
    assert found.output == address


@pytest.mark.parametrize(
    ("logs", "percent"),
    [
        ("Processing: 3%\nProcessing: 42%", 42),
        ("5 %", 5),
        ("100%", 99),
        ("none", None),
        ("7%" + "x" * 5000, None),
    ],
)
def test_progress_is_the_last_percentage(logs: str, percent: int | None) -> None:
    found = read({"id": "a", "logs": logs})

    assert found
    assert found.progress == percent


@pytest.mark.parametrize("page", [None, [], {}, {"results": 7}])
def test_a_page_without_a_list_is_an_error(page: Any) -> None:
    with pytest.raises(ValueError, match="no list"):
        read_list(page)


@pytest.mark.parametrize(
    ("error", "zh"),
    [
        ("NSFW content detected", "服务商拒绝"),
        ("The input was flagged as sensitive", "服务商拒绝"),
        ("No face detected", "未检测到人脸"),
        ("Could not find any: face not found", "未检测到人脸"),
        ("no faces in image", "未检测到人脸"),
        ("Out of memory at 0x1", "执行失败"),
        ("", "执行失败"),
    ],
)
def test_a_reason_is_clear(error: str, zh: str) -> None:
    assert reason_of(error).startswith(zh)


def test_words_are_one_short_line() -> None:
    assert words("a\n\tb\x00" + "x" * 999) == "a b " + "x" * 296
