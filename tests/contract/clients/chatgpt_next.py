"""ChatGPT-Midjourney: a page, or its own server, that posts windows by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.contract.clients.base import KEY, Client, by_status, sends, text_in
from tests.contract.scene import BIG_MASK, DATA_URL, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told


class ChatgptNext(Client):
    letter = "L"
    name = "ChatGPT-Midjourney"
    base = "/mj/"  # the person types the base, and perhaps its slash
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Origin": "https://chat.example",
    }

    def _by_its_server(self, sent: Sent) -> Sent:
        headers = {n: v for n, v in sent.headers.items() if n != "Origin"}
        return replace(sent, headers=headers | {"Authorization": KEY})

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox --niji"}
        return self.post("submit/imagine", body, action="IMAGINE")

    @sends("POST submit/imagine")
    def imagine_with_a_picture(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox", "base64Array": [DATA_URL]}
        return self._by_its_server(self.post("submit/imagine", body, prepared=False))

    @sends("POST submit/action")
    def action(self, scene: Scene) -> Sent:
        custom_id = scene.grid.buttons[5]["customId"]
        body = {"customId": custom_id, "taskId": str(scene.grid.pk)}
        return self.post("submit/action", body, action="VARIATION")

    @sends("POST submit/modal")
    def modal_by_itself(self, scene: Scene) -> Sent:
        return self.post("submit/modal", {"taskId": str(scene.zoom.pk)})

    @sends("POST submit/modal")
    def modal_with_a_mask(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.region.pk), "maskBase64": BIG_MASK}
        return self.post("submit/modal", {**body, "prompt": "a hat"}, prompt="a hat")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        body = {"base64Array": [DATA_URL, OTHER_DATA_URL], "dimensions": "SQUARE"}
        return self.post("submit/blend", body, action="BLEND")

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        return self.post("submit/describe", {"base64": DATA_URL}, action="DESCRIBE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    @sends("GET task/{id}/fetch")
    def fetch_by_its_server(self, scene: Scene) -> Sent:
        return self._by_its_server(self.look(str(scene.grid.pk)))

    @sends("CORS")
    def cors(self, scene: Scene) -> Sent:
        return self.imagine.make(self, scene)

    def told(self, answer: Answer) -> Told:
        # Neither code nor description is read: a result is a task.
        if answer.status != 200:
            return Told.refused(answer.json().get("message") or answer.body.decode())
        result = answer.json().get("result")
        if not result:
            return Told.refused("not task id")
        assert isinstance(result, str)
        return Told("accepted", result)

    def read(self, task: dict[str, Any]) -> Look:
        for button in task["buttons"]:
            text_in(button, "customId")
            assert button["label"] or button["emoji"], "a button without a face"
        return by_status(task, opens_window=task["status"] == "MODAL")
