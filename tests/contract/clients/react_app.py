"""MidJourney-Web: a page that looks at the progress and at nothing else."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, optional_text, sends
from tests.contract.scene import DATA_URL, OTHER_DATA_URL, Scene
from tests.contract.wire import Look, Sent


class ReactApp(Client):
    letter = "M"
    name = "MidJourney-Web"
    headers = {"mj-api-secret": KEY, "Content-Type": "application/json"}
    knows_failure = False

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        return self.post("submit/imagine", {"prompt": "a red fox"}, action="IMAGINE")

    @sends("POST submit/change")
    def vary(self, scene: Scene) -> Sent:
        body = {"action": "VARIATION", "index": 4, "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="VARIATION")

    @sends("POST submit/change")
    def reroll(self, scene: Scene) -> Sent:
        body = {"action": "REROLL", "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="REROLL")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        body = {"base64Array": [DATA_URL, OTHER_DATA_URL]}
        return self.post("submit/blend", body, action="BLEND")

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        return self.post("submit/describe", {"base64": DATA_URL}, action="DESCRIBE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def read(self, task: dict[str, Any]) -> Look:
        return Look(
            over=task["progress"] == "100%", picture=optional_text(task, "imageUrl")
        )
