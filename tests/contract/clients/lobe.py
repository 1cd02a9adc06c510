"""lobe-midjourney-webui: a page whose own server calls; it looks for ever."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import (
    KEY,
    Client,
    optional_text,
    sends,
    text_in,
    whole_percent,
)
from tests.contract.scene import DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told


class Lobe(Client):
    letter = "b"
    name = "lobe-midjourney-webui"
    headers = {"Mj-Api-Secret": KEY, "Content-Type": "application/json"}
    knows_failure = False  # it only ever waits for SUCCESS

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"prompt": " a red fox", "base64Array": [DATA_URL]}
        return self.post("submit/imagine", body, action="IMAGINE", prompt="a red fox")

    @sends("POST submit/imagine")
    def imagine_with_a_link(self, scene: Scene) -> Sent:
        prompt = "https://cdn.discordapp.com/attachments/1/2/a.png a red fox"
        return self.post("submit/imagine", {"prompt": prompt}, prompt=prompt)

    @sends("POST submit/change")
    def upscale(self, scene: Scene) -> Sent:
        body = {"action": "UPSCALE", "index": 4, "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="UPSCALE")

    @sends("POST submit/change")
    def vary(self, scene: Scene) -> Sent:
        body = {"action": "VARIATION", "index": 1, "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="VARIATION")

    @sends("POST submit/change")
    def reroll(self, scene: Scene) -> Sent:
        body = {"action": "REROLL", "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="REROLL")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def told(self, answer: Answer) -> Told:
        if not answer.ok:
            return Told.refused(answer.body.decode())
        result = answer.json().get("result")
        if result is None:
            return Told.refused(answer.json()["description"])
        return Told("accepted", text_in(answer.json(), "result"))

    def read(self, task: dict[str, Any]) -> Look:
        for name in ("id", "action", "status", "prompt"):
            text_in(task, name)
        return Look(
            over=task["status"] == "SUCCESS",
            picture=optional_text(task, "imageUrl"),
            percent=whole_percent(task["progress"]),
        )
