"""uniai: a library that takes code 1 alone for an imagine."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, by_status, sends, whole_percent
from tests.contract.scene import Scene
from tests.contract.wire import Look, Sent


class Uniai(Client):
    letter = "u"
    name = "uniai"
    headers = {"mj-api-secret": KEY}
    accepts = (1,)

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox", "base64Array": []}
        return self.post("submit/imagine", body, action="IMAGINE")

    @sends("POST submit/change")
    def change(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.grid.pk), "action": "UPSCALE", "index": 3}
        return self.post("submit/change", body, action="UPSCALE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    @sends("GET task/list")
    def listed(self, scene: Scene) -> Sent:
        return self.get("task/list")

    def read(self, task: dict[str, Any]) -> Look:
        return by_status(task, percent=whole_percent(task["progress"]))
