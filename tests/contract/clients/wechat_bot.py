"""wechat-midjourney: a bot without a key that waits for hooks."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from tests.contract.clients.base import Client, by_status, sends
from tests.contract.scene import Scene
from tests.contract.wire import Look, Sent

STATE: Final = "摄影交流群🦊:Ñandú @1"
HOOK: Final = "http://127.0.0.1:4120/notify"


class WechatBot(Client):
    letter = "w"
    name = "wechat-midjourney"
    looks = False
    headers = {"Content-Type": "application/json"}

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"state": STATE, "prompt": "a red fox", "notifyHook": HOOK}
        return self.post("submit/imagine", body, client_state=STATE, notify_hook=HOOK)

    @sends("POST submit/simple-change")
    def simple_change(self, scene: Scene) -> Sent:
        body = {"state": STATE, "content": f"{scene.grid.pk} r", "notifyHook": HOOK}
        return self.post(
            "submit/simple-change", body, action="REROLL", client_state=STATE
        )

    @sends("notifyHook")
    def with_hook(self, scene: Scene) -> Sent:
        return self.imagine.make(self, scene)

    def read(self, task: dict[str, Any]) -> Look:
        assert task["state"] == STATE
        if task["status"] == "SUCCESS":
            assert task["finishTime"] - task["submitTime"] >= 0
            # The last part of the path becomes the name of a file.
            name = urlsplit(task["imageUrl"]).path.rpartition("/")[2]
            assert name.endswith(".png")
        return by_status(task)
