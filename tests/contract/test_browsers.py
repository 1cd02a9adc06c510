"""Requests of browsers before and beside the calls of a page."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.cases import Case, cases
from tests.contract.conftest import Deliver
from tests.contract.scene import PNG, Scene, keep_picture
from tests.contract.wire import Sent


@cases("CORS")
def test_the_preflight_of_a_page_is_granted_without_a_key(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)
    asked = sorted({name.lower() for name in sent.headers} - {"origin", "accept"})
    ask = {
        "Origin": sent.headers["Origin"],
        "Access-Control-Request-Method": sent.method,
        "Access-Control-Request-Headers": ",".join(asked),
    }

    answer = deliver(Sent("OPTIONS", sent.path, ask))

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] in ("*", ask["Origin"])
    assert sent.method in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].replace(" ", "")
    assert set(asked) <= set(allowed.lower().split(","))


@cases("CORS")
def test_a_page_may_read_answers_and_errors(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)
    refused = replace(sent, body=b"{}")
    stranger = replace(sent, headers={"Origin": sent.headers["Origin"]})

    for each, status in ((sent, 200), (refused, 200), (stranger, 401)):
        answer = deliver(each)

        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"] == "application/json"


@cases("CORS of pictures")
def test_a_page_may_paint_the_picture(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    keep_picture(scene.grid)
    link = deliver(case.client.look(str(scene.grid.pk))).json()["imageUrl"]

    answer = deliver(case.request(scene))

    assert link.endswith(case.request(scene).path)
    assert (answer.status, answer.body) == (200, PNG)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "image/png"
