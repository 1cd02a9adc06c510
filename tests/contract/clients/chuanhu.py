"""ChuanhuChatGPT: a chat page in Python that reads text out of a description."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, by_status, sends, text_in
from tests.contract.scene import DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told


class Chuanhu(Client):
    letter = "h"
    name = "ChuanhuChatGPT"
    headers = {"mj-api-secret": KEY, "Content-Type": "application/json"}

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        # The old form: one picture, in a field of its own.
        body = {"prompt": "a red fox", "base64": DATA_URL}
        return self.post("submit/imagine", body, action="IMAGINE", prepared=False)

    @sends("POST submit/change")
    def change(self, scene: Scene) -> Sent:
        body = {"action": "VARIATION", "index": 2, "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="VARIATION")

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        return self.post("submit/describe", {"base64": DATA_URL}, action="DESCRIBE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def told(self, answer: Answer) -> Told:
        if answer.status != 200:
            return Told.refused(answer.body.decode())
        return super().told(answer)

    def read(self, task: dict[str, Any]) -> Look:
        if task["status"] == "SUCCESS":
            text_in(task, "imageUrl")  # of a description too
            text_in(task, "prompt")
        text_in(task, "failReason")
        return by_status(task)
