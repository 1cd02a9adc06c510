from __future__ import annotations

from typing import Any

import pytest

from gateway.protocol import messages, panels
from tests.gateway.panel import RELAX, REMIX, SELECTOR, panel, settings


def read(**fields: Any) -> panels.Panel | None:
    return panels.read(messages.read(panel(**fields)))


def test_a_panel_shows_version_and_switches_by_label() -> None:
    found = read(components=settings(version="6.1", on=("Remix mode", "Relax mode")))

    assert found is not None
    assert found.version == "6.1"
    assert found.switches == {
        "Remix mode": True,
        "Relax mode": True,
        "Fast mode": False,
    }
    assert (found.remix_on, found.suffix) == (True, "")


def test_the_suffix_is_told() -> None:
    found = read(content="Adjust.\n**Current suffix**: --q 2 --s 50")

    assert found is not None
    assert found.suffix == "--q 2 --s 50"


@pytest.mark.parametrize(
    "components",
    [
        None,
        [],
        "text",
        [None, 7],
        settings()[:1],
        settings()[1:],
        [{"type": 1, "components": {"type": 3}}],
    ],
)
def test_without_select_and_buttons_it_is_no_panel(components: Any) -> None:
    assert read(components=components) is None


def test_controls_are_found_on_it() -> None:
    tree = settings()

    assert panels.select_with(tree, "6.1") == SELECTOR
    assert panels.select_with(tree, "5") == ""
    assert (panels.button_of(tree, RELAX) or {})["label"] == "Relax mode"
    assert panels.button_of(tree, REMIX + "x") is None


def test_broken_controls_are_passed_over() -> None:
    odd: list[Any] = [{"type": 3, "options": [None, {"value": 7}, {"label": "x"}]}]
    deep: list[Any] = []
    for _ in range(100):
        deep = [{"type": 1, "components": deep}]

    found = read(components=[*odd, *deep, {"type": 2, "label": 5}, {"type": 2}])

    assert found is not None
    assert (found.version, found.switches, found.remix_on) == ("", {}, None)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("Remix mode turned on! Clicking the variation buttons ...", True),
        ("Remix mode turned off! You can always ...", False),
        ("Done! Remix mode turned on!", None),
        ("", None),
    ],
)
def test_the_answer_to_prefer_remix_tells_the_new_state(
    text: str,
    on: bool | None,
) -> None:
    assert panels.remix_of(text) is on
