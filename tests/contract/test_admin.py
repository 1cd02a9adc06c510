"""The operators' page of another server of the dialect, before this one."""

from __future__ import annotations

from tests.contract.cases import Case, cases
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene


@cases("admin")
def test_what_is_not_there_is_said_in_its_own_envelope(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    answer = deliver(case.request(scene))

    said = answer.json()
    assert answer.status in (401, 404)
    assert said["success"] is False
    assert isinstance(said["message"], str)
