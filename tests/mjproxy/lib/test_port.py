from __future__ import annotations

from collections.abc import Callable

from mjproxy.lib.port import Port


def test_the_answer_that_was_registered_last_is_asked() -> None:
    port: Port[Callable[[], str]] = Port(lambda: "nobody")
    assert port()() == "nobody"

    before = port.register(lambda: "an app")

    assert port()() == "an app"
    assert before() == "nobody"
