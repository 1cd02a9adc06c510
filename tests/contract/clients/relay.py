"""new-api and one-hub: gateways in Go that stand in front of many servers."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.contract.clients.base import KEY, Client, sends
from tests.contract.clients.golang import decoded
from tests.contract.scene import DATA_URL, MASK, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told

SUBMIT: Final = {"code": int, "description": str, "result": str, "properties": object}
UPLOAD: Final = SUBMIT | {"result": [str]}
TASK: Final = {
    **dict.fromkeys(
        ("id", "action", "customId", "botType", "prompt", "promptEn", "description")
        + ("state", "imageUrl", "status", "progress", "failReason", "maskBase64"),
        str,
    ),
    **dict.fromkeys(("submitTime", "startTime", "finishTime"), int),
    "properties": {"finalPrompt": str, "finalZhPrompt": str},
    "buttons": object,
}
_ACTIONS: Final = (
    *("upsample", "variation", "low_variation", "high_variation", "pan", "reroll"),
    *("Outpaint", "CustomZoom", "Inpaint"),
)


class Relay(Client):
    letter = "N"
    name = "new-api"
    accepts = (1, 21, 22)
    headers = {"mj-api-secret": KEY, "Accept": "application/json"}

    def get(self, path: str, body: bytes | None = b"null") -> Sent:
        return super().get(path, body)

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        # notifyHook and accountFilter of its callers are taken out.
        body = {"prompt": "a red fox", "botType": "MID_JOURNEY", "base64Array": []}
        return self.post("submit/imagine", body, action="IMAGINE", mode="")

    @sends("POST submit/imagine")
    def imagine_fast(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox", "accountFilter": {"modes": ["FAST"]}}
        return self.post("submit/imagine", body, mode="FAST")

    @sends("POST submit/action")
    def action(self, scene: Scene) -> Sent:
        custom_id = scene.single.buttons[0]["customId"]
        body = {"taskId": str(scene.single.pk), "customId": custom_id}
        return self.post("submit/action", body, action="ACTION", custom_id=custom_id)

    @sends("POST submit/modal")
    def modal(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.region.pk), "prompt": "a hat", "maskBase64": MASK}
        return self.post("submit/modal", body, prompt="a hat")

    @sends("POST submit/change")
    def change(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.grid.pk), "action": "VARIATION", "index": 3}
        return self.post("submit/change", body, action="VARIATION")

    @sends("POST submit/simple-change")
    def simple_change(self, scene: Scene) -> Sent:
        body = {"content": f"{scene.grid.pk} v2"}
        return self.post("submit/simple-change", body, action="VARIATION")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        body = {"base64Array": [DATA_URL, OTHER_DATA_URL], "dimensions": "LANDSCAPE"}
        return self.post("submit/blend", body, action="BLEND")

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        return self.post("submit/describe", {"base64": DATA_URL}, action="DESCRIBE")

    @sends("POST submit/shorten")
    def shorten(self, scene: Scene) -> Sent:
        return self.post("submit/shorten", {"prompt": "a fox"}, action="SHORTEN")

    @sends("POST submit/upload-discord-images")
    def upload(self, scene: Scene) -> Sent:
        return self.post("submit/upload-discord-images", {"base64Array": [DATA_URL]})

    @sends("POST insight-face/swap")
    def swap(self, scene: Scene) -> Sent:
        body = {"sourceBase64": DATA_URL, "targetBase64": OTHER_DATA_URL}
        return self.post("insight-face/swap", body)

    @sends("POST task/list-by-condition")
    def list_by_condition(self, scene: Scene) -> Sent:
        ids = [str(scene.grid.pk), str(scene.zoom.pk), str(scene.single.pk), "7"]
        return self.post("task/list-by-condition", {"ids": ids})

    @sends("GET task/{id}/image-seed")
    def seed(self, scene: Scene) -> Sent:
        return self.get(f"task/{scene.grid.pk}/image-seed")

    @sends("notifyHook")
    def with_hook(self, scene: Scene) -> Sent:
        hook = "http://127.0.0.1:3000/mj/notify"
        return self.post("submit/imagine", {"prompt": "a fox", "notifyHook": hook})

    def look(self, task_id: str) -> Sent:
        return self.post("task/list-by-condition", {"ids": [task_id]})

    def told(self, answer: Answer) -> Told:
        if answer.status != 200:
            return Told.refused(answer.body.decode())
        # What its callers get is the text of the body, with these words replaced.
        for code in (b"21", b"22"):
            said = answer.json()
            if said["code"] == int(code):
                body = answer.body.replace(b'"code":' + code, b'"code":1', 1)
                assert json.loads(body)["code"] == 1
        said = decoded(answer.json(), SUBMIT)
        if said["code"] == 21:
            decoded(said["properties"], {"imageUrl": str, "status": str})
            return Told("window", said["result"], said["properties"]["finalPrompt"])
        if said["code"] in self.accepts:
            assert said["result"]
            return Told("accepted", said["result"])
        assert said["description"]
        return Told.refused(said["description"])

    def seen(self, answer: Answer) -> Look:
        assert answer.status == 200
        (task,) = answer.json()
        return self.read(task)

    def read(self, task: dict[str, Any]) -> Look:
        said = decoded(task, TASK)
        for button in said["buttons"]:
            known = _action_of(button["customId"])
            assert known or button["label"] not in ("U1", "V1"), button
        done = said["progress"] == "100%"
        if said["status"] == "SUCCESS":
            assert done, "open for an hour, then given up"
        return Look(
            over=done or bool(said["failReason"]),
            failed=bool(said["failReason"]),
            reason=said["failReason"],
            picture=said["imageUrl"],
        )


def _action_of(custom_id: str) -> str:
    """Return what it charges for the button, "" where it knows no price.

    Ids of another grammar than Midjourney's break it.
    """
    parts = custom_id.split("::")
    action = parts[2] if parts[1] == "JOB" else parts[1]
    if action.startswith("upsample") or action == "variation":
        assert parts[3].isdigit(), custom_id
    return next((each for each in _ACTIONS if action.startswith(each)), "")
