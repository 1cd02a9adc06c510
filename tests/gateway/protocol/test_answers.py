from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol.answers import Verdict, classify
from tests.gateway.protocol.strategies import JSON, loose


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (204, None, Verdict.ACCEPTED),
        (200, {"id": "1"}, Verdict.ACCEPTED),
        (429, {"retry_after": 1.5, "global": False}, Verdict.LATER),
        (429, "<html>1015</html>", Verdict.LATER),
        (401, {"message": "401: Unauthorized", "code": 0}, Verdict.TOKEN_DEAD),
        (400, {"captcha_key": ["captcha-required"]}, Verdict.UNVERIFIED),
        (400, {"code": 50035, "message": "Invalid Form Body"}, Verdict.STALE),
        (400, {"code": 1, "message": "No"}, Verdict.REFUSED),
        (403, {"code": 40002, "message": "Verify"}, Verdict.UNVERIFIED),
        (403, {"code": 50001, "message": "Missing Access"}, Verdict.NEEDS_PERSON),
        (404, {"code": 10008, "message": "Unknown Message"}, Verdict.REFUSED),
        (405, "", Verdict.REFUSED),
        (302, "", Verdict.REFUSED),
        (413, {"code": 40005}, Verdict.REFUSED),
        (500, "<html>", Verdict.UNKNOWN),
        (502, "<html>", Verdict.UNKNOWN),
        (503, None, Verdict.UNKNOWN),
        (504, {"message": "x"}, Verdict.UNKNOWN),
        (522, [], Verdict.UNKNOWN),
    ],
)
def test_it_tells_what_an_answer_means(
    status: int, body: Any, verdict: Verdict
) -> None:
    assert classify(status, body).verdict is verdict


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ({"retry_after": 1.337}, None, 1.337),
        ({"retry_after": 2}, "9", 2.0),
        ({}, "9", 9.0),
        ({"retry_after": "soon"}, "4.5", 4.5),
        ({"retry_after": None}, None, 300.0),
        ("<html>error 1015</html>", None, 300.0),
        ("<html>error 1015</html>", "60", 60.0),
        ({"retry_after": 0}, None, 0.05),
        ({"retry_after": -7}, None, 0.05),
        ({"retry_after": 1e9}, None, 3600.0),
        ({"retry_after": math.inf}, None, 3600.0),
        ({}, "nan", 300.0),
        ({"retry_after": math.nan}, "3", 3.0),
        ({"retry_after": 10**400}, None, 3600.0),
    ],
)
def test_it_waits_as_long_as_told(
    body: Any, header: str | None, seconds: float
) -> None:
    assert classify(429, body, header).retry_after == seconds


def test_the_reason_has_status_words_and_code() -> None:
    answer = classify(404, {"code": 10008, "message": "Unknown Message"})

    assert answer.reason == "Discord 404: Unknown Message (10008)"


def test_the_reason_is_short() -> None:
    assert len(classify(400, {"message": "x" * 5000}).reason) <= 300


@given(
    status=st.integers(100, 599),
    body=JSON
    | loose(
        {
            "code": st.sampled_from([50035, 40002, 0]),
            "message": st.text(),
            "retry_after": st.floats(),
            "captcha_key": st.lists(st.text()),
        }
    ),
    header=st.none() | st.text(max_size=9) | st.floats().map(str),
)
def test_no_answer_is_too_odd(status: int, body: Any, header: str | None) -> None:
    answer = classify(status, body, header)

    taken = status == 204 or (200 <= status < 300 and isinstance(body, dict))
    assert (answer.verdict is Verdict.ACCEPTED) == taken
    assert 0 <= answer.retry_after <= 3600
