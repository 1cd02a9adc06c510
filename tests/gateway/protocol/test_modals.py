from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol import modals

ENTRY = {"type": 4, "custom_id": "MJ::RemixModal::new_prompt", "value": "a fox"}


def event(components: Any) -> dict[str, Any]:
    return {"id": "7", "custom_id": "MJ::RemixModal::x::1::1", "components": components}


@pytest.mark.parametrize(
    "components",
    [
        [{"type": 1, "components": [ENTRY]}],
        [{"type": 18, "component": ENTRY}],
        [{"type": 10, "content": "?"}, {"type": 1, "components": [{"type": 2}, ENTRY]}],
    ],
    ids=["row", "label", "behind others"],
)
def test_the_text_field_is_found_however_it_is_wrapped(components: Any) -> None:
    modal = modals.read(event(components))

    assert modal == modals.Modal(
        "7", "MJ::RemixModal::x::1::1", "MJ::RemixModal::new_prompt", "a fox"
    )


def test_a_page_has_no_text_field() -> None:
    modal = modals.read({"id": "7", "custom_id": "MJ::iframe::token"})

    assert (modal.window_id, modal.text_field) == ("MJ::iframe::token", "")


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
)


@given(json, json, json)
def test_no_shape_is_too_strange(components: Any, id_: Any, custom_id: Any) -> None:
    data = {"id": id_, "custom_id": custom_id, "components": components}

    modals.read(data)


def test_a_deep_tree_is_given_up() -> None:
    tree: Any = ENTRY
    for _ in range(5000):
        tree = {"type": 1, "components": [tree]}

    assert modals.read(event([tree])).text_field == ""
