"""@302ai/ai-sdk: a provider for a library; it finds buttons by their labels."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, by_status, sends
from tests.contract.scene import Scene
from tests.contract.wire import Answer, Look, Sent, Told


class AiSdk(Client):
    letter = "3"
    name = "@302ai/ai-sdk"
    headers = {"Authorization": f"Bearer {KEY}", "mj-api-secret": KEY}
    accepts = (1,)
    knows_failure = False  # it waits for a status FAILED until its time is up

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox --ar 1:1", "botType": "MID_JOURNEY"}
        return self.post("submit/imagine", body, action="IMAGINE")

    @sends("POST submit/action")
    def upscale(self, scene: Scene) -> Sent:
        by_label = {each["label"]: each["customId"] for each in scene.grid.buttons}
        body = {"taskId": str(scene.grid.pk), "customId": by_label["U2"]}
        return self.post("submit/action", body, action="UPSCALE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def told(self, answer: Answer) -> Told:
        if not answer.ok or not answer.json().get("result"):
            return Told.refused(answer.body.decode())
        return Told("accepted", answer.json()["result"])

    def read(self, task: dict[str, Any]) -> Look:
        if task["status"] == "SUCCESS" and task["action"] == "IMAGINE":
            labels = {button["label"] for button in task["buttons"]}
            assert {"U1", "U2", "U3", "U4"} <= labels
        look = by_status(task)
        return Look(over=look.over and not look.failed, picture=look.picture)
