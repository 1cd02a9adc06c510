"""Strategies for arbitrary JSON and for messages with small errors."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
    | st.sampled_from(["http://[", "//", "**", "** - ", "<@1>", "1", "rich", "-# "])
)
JSON: Final = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def loose(shape: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Objects of this shape, any key of which may be missing or something else."""
    parts = {key: value | JSON for key, value in shape.items()}
    return st.fixed_dictionaries({}, optional=parts)


IDS: Final = st.integers(0, 2**63).map(str)
BUTTONS: Final = loose(
    {
        "type": st.just(2),
        "style": st.integers(1, 6),
        "label": st.text(max_size=6),
        "custom_id": st.text(max_size=30),
        "emoji": loose({"name": st.text(max_size=2)}),
        "url": st.text(max_size=20),
    }
)
EMBEDS: Final = loose(
    {
        "type": st.sampled_from(["rich", "image"]),
        "title": st.sampled_from(["Blocked", "Job queued", "Hello"]) | st.text(),
        "description": st.text(max_size=20),
        "color": st.sampled_from([16711680, 1]),
    }
)
METADATA: Final = loose(
    {
        "id": IDS,
        "original_response_message_id": IDS,
        "triggering_interaction_metadata": loose({"id": IDS}),
        "user": loose({"id": IDS}),
    }
)
MESSAGES: Final = loose(
    {
        "id": IDS,
        "channel_id": IDS,
        "type": st.sampled_from([0, 19, 20]),
        "author": loose({"id": IDS, "username": st.text(max_size=9)}),
        "content": st.text(max_size=40),
        "nonce": IDS,
        "flags": st.sampled_from([0, 64, 128, 192]),
        "interaction": loose({"id": IDS}),
        "interaction_metadata": METADATA,
        "message_reference": loose({"message_id": IDS}),
        "attachments": st.lists(
            loose({"url": st.text(max_size=20), "width": st.integers()}), max_size=2
        ),
        "embeds": st.lists(EMBEDS, max_size=2),
        "components": st.lists(loose({"components": st.lists(BUTTONS, max_size=2)})),
    }
)
