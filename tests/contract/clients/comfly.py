"""Comfyui_Comfly: nodes that put their buttons' ids together, with an index of 2."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, by_status, sends, text_in
from tests.contract.scene import BARE, DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told


class Comfly(Client):
    letter = "F"
    name = "Comfyui_Comfly"
    base = "/mj-turbo/mj"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {
            "base64Array": [],
            "instanceId": "",
            "modes": [],
            "notify": True,
            "prompt": "a red fox",
            "remix": True,
            "state": "",
            "ar": "1:1",
            "no": "",
            "c": "0",
            "s": "250",
            "iw": "1",
            "tile": False,
            "r": 1,
            "video": False,
            "sw": "0",
            "cw": "0",
            "sv": "1",
            "seed": 0,
        }
        return self.post("submit/imagine", body, action="IMAGINE", mode="TURBO")

    @sends("POST submit/action")
    def upscale(self, scene: Scene) -> Sent:
        return self._press(scene, "MJ::JOB::upsample::4::{hash}", single=False)

    @sends("POST submit/action")
    def upscale_again(self, scene: Scene) -> Sent:
        return self._press(scene, "MJ::JOB::upsample_v6r1_2x_subtle::2::{hash}::SOLO")

    @sends("POST submit/action")
    def pan(self, scene: Scene) -> Sent:
        return self._press(scene, "MJ::JOB::pan_left::2::{hash}::SOLO")

    @sends("POST submit/action")
    def zoom_out(self, scene: Scene) -> Sent:
        return self._press(scene, "MJ::Outpaint::50::2::{hash}::SOLO")

    @sends("POST submit/action")
    def reroll(self, scene: Scene) -> Sent:
        return self._press(scene, "MJ::JOB::reroll::2::{hash}::SOLO", single=False)

    def _press(self, scene: Scene, template: str, *, single: bool = True) -> Sent:
        task = scene.single if single else scene.grid
        custom_id = template.format(hash=task.message_id)
        body = {"customId": custom_id, "taskId": str(task.pk)}
        return self.post("submit/action", body, parent_id=task.pk)

    @sends("POST submit/modal")
    def modal(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.zoom.pk), "prompt": "a red fox --zoom 1.8"}
        return self.post("submit/modal", body, prompt_en="a red fox --zoom 1.8")

    @sends("POST submit/upload-discord-images")
    def upload(self, scene: Scene) -> Sent:
        return self.post("submit/upload-discord-images", {"base64Array": [DATA_URL]})

    @sends("POST submit/video")
    def video(self, scene: Scene) -> Sent:
        body = {"prompt": "it turns", "motion": "high", "image": BARE}
        return self._plain("submit/video", body, action="VIDEO", prepared=False)

    @sends("POST insight-face/swap")
    def swap(self, scene: Scene) -> Sent:
        body = {"sourceBase64": BARE, "targetBase64": BARE}
        return self._plain("insight-face/swap", body)

    def _plain(self, path: str, body: Any, **makes: Any) -> Sent:
        sent = self.post(path, body, **makes)
        return Sent("POST", f"/mj/{path}", sent.headers, sent.body, sent.makes)

    @sends("/mj-fast, /mj-relax, /mj-turbo")
    def imagine_relaxed(self, scene: Scene) -> Sent:
        sent = self.imagine.make(self, scene)
        path = "/mj-relax/mj/submit/imagine"
        return Sent("POST", path, sent.headers, sent.body, {"mode": "RELAX"})

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def told(self, answer: Answer) -> Told:
        if answer.status != 200:
            return Told.refused(answer.body.decode())
        if not answer.json()["result"]:
            return Told.refused(answer.json()["description"])
        return Told("accepted", text_in(answer.json(), "result"))

    def read(self, task: dict[str, Any]) -> Look:
        if task["status"] == "SUCCESS":
            assert hash_of(task)
        return by_status(task)


def hash_of(task: dict[str, Any]) -> str:
    """Return what it writes in place of the job's hash."""
    if given := task["properties"].get("messageId"):
        return str(given)
    parts = (str(button["customId"]).split("::") for button in task["buttons"])
    return next((found[4] for found in parts if len(found) > 4), "")
