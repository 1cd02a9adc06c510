from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.protocol.private_channels import of_bots
from tests.gateway.protocol.strategies import JSON

MJ, NIJI = "1201000000000000003", "1201000000000000004"


@pytest.mark.parametrize(
    ("mj", "niji"),
    [
        ({"recipient_ids": [MIDJOURNEY_APP]}, {"recipient_ids": [NIJI_APP]}),
        (
            {"recipients": [{"id": MIDJOURNEY_APP, "bot": True}]},
            {"recipients": [{"id": NIJI_APP}], "recipient_ids": []},
        ),
    ],
)
def test_both_bots_are_found_in_both_shapes(
    mj: dict[str, Any], niji: dict[str, Any]
) -> None:
    others = [
        {"id": "1201000000000000005", "type": 1, "recipient_ids": ["1200900000000000"]},
        {"id": MJ, "type": 1, **mj},
        {"id": NIJI, "type": 1, **niji},
    ]

    assert of_bots({"private_channels": others}) == {
        MIDJOURNEY_APP: MJ,
        NIJI_APP: NIJI,
    }


@pytest.mark.parametrize(
    "channel",
    [
        {"id": MJ, "recipient_ids": [MIDJOURNEY_APP, NIJI_APP]},  # a group
        {"id": None, "recipient_ids": [MIDJOURNEY_APP]},
        {"id": "x" * 18, "recipient_ids": [MIDJOURNEY_APP]},
        {"id": "9" * 400, "recipient_ids": [MIDJOURNEY_APP]},
        {"id": MJ, "recipients": [None, "x", {}]},
        {"id": MJ},
        None,
        7,
    ],
)
def test_what_is_no_talk_with_a_bot_is_passed_over(channel: Any) -> None:
    assert of_bots({"private_channels": [channel]}) == {}


@given(JSON)
def test_no_shape_breaks_it(value: Any) -> None:
    assert isinstance(of_bots({"private_channels": value}), dict)
