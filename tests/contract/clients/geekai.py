"""geekai: a platform in Go that puts its buttons' ids together itself."""

from __future__ import annotations

from typing import Any, Final

from tests.contract.clients.base import KEY, Client, sends, whole_percent
from tests.contract.clients.golang import decoded
from tests.contract.clients.relay import SUBMIT
from tests.contract.scene import DATA_URL, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told

_BUTTON: Final = {
    **dict.fromkeys(("customId", "emoji", "label"), str),
    **dict.fromkeys(("style", "type"), int),
}
TASK: Final = {
    **dict.fromkeys(
        ("id", "action", "prompt", "promptEn", "status", "progress", "imageUrl")
        + ("failReason", "description"),
        str,
    ),
    **dict.fromkeys(("submitTime", "startTime", "finishTime"), int),
    "buttons": [_BUTTON],
    "properties": {},
}


class Geekai(Client):
    letter = "g"
    name = "geekai"
    base = "/mj-fast/mj"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {
            "botType": "MID_JOURNEY",
            "prompt": "a red fox",
            "base64Array": [DATA_URL],
        }
        return self.post("submit/imagine", body, action="IMAGINE", mode="FAST")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        body = {"base64Array": [DATA_URL, OTHER_DATA_URL], "dimensions": "SQUARE"}
        return self.post("submit/blend", body, action="BLEND", mode="FAST")

    @sends("POST submit/action")
    def upscale(self, scene: Scene) -> Sent:
        return self._press(scene, "upsample", 3, "UPSCALE")

    @sends("POST submit/action")
    def vary(self, scene: Scene) -> Sent:
        return self._press(scene, "variation", 2, "VARIATION")

    def _press(self, scene: Scene, word: str, index: int, action: str) -> Sent:
        custom_id = f"MJ::JOB::{word}::{index}::{hash_in(scene.grid.buttons)}"
        body = {"customId": custom_id, "taskId": str(scene.grid.pk)}
        return self.post("submit/action", body, action=action, custom_id=custom_id)

    @sends("POST insight-face/swap")
    def swap(self, scene: Scene) -> Sent:
        body = {"sourceBase64": DATA_URL, "targetBase64": OTHER_DATA_URL}
        return self.post("insight-face/swap", body)

    @sends("/mj-fast, /mj-relax, /mj-turbo")
    def imagine_turbo(self, scene: Scene) -> Sent:
        sent = self.imagine.make(self, scene)
        path = "/mj-turbo/mj/submit/imagine"
        return Sent(sent.method, path, sent.headers, sent.body, {"mode": "TURBO"})

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    def look(self, task_id: str) -> Sent:
        return Sent("GET", f"/mj/task/{task_id}/fetch", self.headers)

    def told(self, answer: Answer) -> Told:
        if answer.status != 200:
            return Told.refused(answer.body.decode())
        said = decoded(answer.json(), SUBMIT)
        if said["code"] in self.accepts:
            return Told("accepted", said["result"])
        return Told.refused(said["description"])

    def read(self, task: dict[str, Any]) -> Look:
        said = decoded(task, TASK)
        percent = whole_percent(said["progress"])
        return Look(
            over=percent == 100 or bool(said["failReason"]),
            failed=bool(said["failReason"]),
            reason=said["failReason"],
            picture=said["imageUrl"],
            percent=percent,
        )


def hash_in(buttons: list[dict[str, Any]]) -> str:
    """Return the hash in the first button: its last part, but the fifth of more."""
    parts = str(buttons[0]["customId"]).split("::")
    return parts[4] if len(parts) > 5 else parts[-1]
