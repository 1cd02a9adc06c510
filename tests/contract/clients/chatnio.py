"""chatnio: a chat platform in Go that never looks, but waits for hooks."""

from __future__ import annotations

from typing import Any, Final

from tests.contract.clients.base import KEY, Client, sends, whole_percent
from tests.contract.clients.golang import decoded
from tests.contract.scene import Scene
from tests.contract.wire import Answer, Look, Sent, Told

HOOK: Final = "http://127.0.0.1:8094/mj/notify"
HOOKED: Final = {
    **dict.fromkeys(
        ("id", "action", "status", "prompt", "promptEn", "description", "progress")
        + ("imageUrl", "failReason"),
        str,
    ),
    **dict.fromkeys(("submitTime", "startTime", "finishTime"), int),
}


class Chatnio(Client):
    letter = "c"
    name = "chatnio"
    looks = False
    accepts = (1, 21, 22)
    headers = {"mj-api-secret": KEY, "Content-Type": "application/json"}

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"notifyHook": HOOK, "prompt": "a red fox --fast"}
        return self.post("submit/imagine", body, notify_hook=HOOK, action="IMAGINE")

    @sends("/mj-fast, /mj-relax, /mj-turbo")
    def imagine_at_a_speed(self, scene: Scene) -> Sent:
        sent = self.post("x", {"notifyHook": HOOK, "prompt": "a red fox"}, mode="RELAX")
        path = "/mj-relax/mj/submit/imagine"
        return Sent(sent.method, path, sent.headers, sent.body, sent.makes)

    @sends("POST submit/change")
    def upscale(self, scene: Scene) -> Sent:
        body = {"notifyHook": HOOK, "action": "UPSCALE", "index": 1}
        return self.post(
            "submit/change",
            {**body, "taskId": str(scene.grid.pk)},
            action="UPSCALE",
            notify_hook=HOOK,
        )

    @sends("POST submit/change")
    def reroll(self, scene: Scene) -> Sent:
        body = {"notifyHook": HOOK, "action": "REROLL", "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="REROLL")

    @sends("notifyHook")
    def with_hook(self, scene: Scene) -> Sent:
        return self.imagine.make(self, scene)

    def told(self, answer: Answer) -> Told:
        said = answer.json()
        assert type(said["code"]) is int
        if said["code"] in self.accepts:
            result = said["result"]
            assert isinstance(result, str)
            return Told("accepted", result)
        if said["code"] in (23, 24):
            return Told.refused("one of its own texts")
        return Told.refused(said["description"])

    def read(self, task: dict[str, Any]) -> Look:
        said = decoded(task, HOOKED)
        status = said["status"]
        if status == "SUCCESS":
            assert said["imageUrl"]
        return Look(
            over=status in ("SUCCESS", "FAILURE"),
            failed=status == "FAILURE",
            reason=said["failReason"],
            picture=said["imageUrl"],
            percent=whole_percent(said["progress"]),
        )
