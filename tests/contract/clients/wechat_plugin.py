"""midjourney-proxy-on-wechat: a plugin that reads every key without asking."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.contract.clients.base import KEY, Client, by_status, sends
from tests.contract.scene import DATA_URL, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told

STATE: Final = json.dumps({"房间": "@@1f", "user": "小明"}, ensure_ascii=False)
_READ: Final = (
    *("state", "status", "startTime", "finishTime", "progress", "action", "prompt"),
    *("description", "failReason", "imageUrl", "id"),
)


class WechatPlugin(Client):
    letter = "m"
    name = "midjourney-proxy-on-wechat"
    headers = {"mj-api-secret": KEY, "Content-Type": "application/json"}
    accepts = (1,)

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"prompt": "a red fox", "state": STATE, "base64Array": [DATA_URL]}
        return self.post("submit/imagine", body, client_state=STATE)

    @sends("POST submit/simple-change")
    def simple_change(self, scene: Scene) -> Sent:
        body = {"content": f"{scene.grid.pk} U1", "state": STATE}
        return self.post(
            "submit/simple-change", body, action="UPSCALE", client_state=STATE
        )

    @sends("POST submit/change")
    def reroll(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.grid.pk), "action": "REROLL", "state": STATE}
        return self.post("submit/change", body, action="REROLL", client_state=STATE)

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        pictures = [DATA_URL, OTHER_DATA_URL]
        body = {"base64Array": pictures, "dimensions": "", "state": STATE}
        del body["dimensions"]
        return self.post("submit/blend", body, action="BLEND", client_state=STATE)

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        body = {"base64": DATA_URL, "state": STATE}
        return self.post("submit/describe", body, action="DESCRIBE")

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    @sends("GET task/queue")
    def queue(self, scene: Scene) -> Sent:
        return self.get("task/queue")

    def told(self, answer: Answer) -> Told:
        said = answer.json()
        code, text, result = said["code"], said["description"], said["result"]
        if code not in self.accepts:
            return Told.refused(text)
        return Told("accepted", result)

    def read(self, task: dict[str, Any]) -> Look:
        values = {name: task[name] for name in _READ}
        if values["finishTime"]:
            assert values["finishTime"] - values["startTime"] >= 0
        return by_status(task)
