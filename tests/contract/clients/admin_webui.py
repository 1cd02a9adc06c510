"""midjourney-proxy-webui: the page for operators of another server of the dialect."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.base import KEY, Client, optional_text, sends, text_in
from tests.contract.scene import DATA_URL, MASK, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told

STATE = "midjourney-proxy-admin"


class AdminWebui(Client):
    letter = "W"
    name = "midjourney-proxy-webui"
    headers = {"mj-api-secret": KEY, "Accept-Language": "zh-CN"}

    def _drawing(self, path: str, body: dict[str, Any], **makes: Any) -> Sent:
        shared = {"botType": "MID_JOURNEY", "state": STATE, "accountFilter": {}}
        return self.post(path, {**shared, **body}, client_state=STATE, **makes)

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        instance = {"instanceId": scene.account.channel_id}
        body = {"prompt": "a red fox", "base64Array": [], "accountFilter": instance}
        return self._drawing("submit/imagine", body, account_id=scene.account.pk)

    @sends("POST submit/imagine")
    def imagine_with_empty_filters(self, scene: Scene) -> Sent:
        empty: dict[str, Any] = {
            "instanceId": "",
            "modes": [],
            "remark": "",
            "remix": None,
        }
        body = {"prompt": "a red fox", "accountFilter": empty}
        return self._drawing("submit/imagine", body, action="IMAGINE")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        body = {"base64Array": [DATA_URL, OTHER_DATA_URL], "dimensions": "SQUARE"}
        return self._drawing("submit/blend", body, action="BLEND")

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        return self._drawing("submit/describe", {"base64": DATA_URL}, action="DESCRIBE")

    @sends("POST submit/shorten")
    def shorten(self, scene: Scene) -> Sent:
        return self._drawing("submit/shorten", {"prompt": "a fox"}, action="SHORTEN")

    @sends("POST submit/action")
    def action(self, scene: Scene) -> Sent:
        body = {
            "taskId": str(scene.grid.pk),
            "customId": scene.grid.buttons[4]["customId"],
            "state": STATE,
            "chooseSameChannel": True,
            "enableRemix": False,
        }
        return self.post("submit/action", body, action="REROLL", client_state=STATE)

    @sends("POST submit/modal")
    def modal(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.zoom.pk), "prompt": "a red fox --zoom 1.2"}
        return self.post("submit/modal", body, prompt_en="a red fox --zoom 1.2")

    @sends("POST submit/modal")
    def modal_with_a_mask(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.region.pk), "prompt": "a hat", "maskBase64": MASK}
        return self.post("submit/modal", body, prompt="a hat")

    @sends("POST insight-face/swap")
    def swap(self, scene: Scene) -> Sent:
        body = {"sourceBase64": DATA_URL, "targetUrl": "https://a.example/b.png"}
        return self.post("insight-face/swap", {**body, "state": STATE})

    @sends("POST task/list-by-ids")
    def list_by_ids(self, scene: Scene) -> Sent:
        ids = [str(scene.grid.pk), str(scene.single.pk), "1"]
        return self.post("task/list-by-ids", {"ids": ids})

    @sends("POST task/{id}/cancel")
    def cancel(self, scene: Scene) -> Sent:
        return self.post(f"task/{scene.zoom.pk}/cancel", {})

    @sends("admin")
    def setting(self, scene: Scene) -> Sent:
        return self.get("admin/setting")

    @sends("admin")
    def probe(self, scene: Scene) -> Sent:
        return self.get("admin/probe?tail=100")

    def told(self, answer: Answer) -> Told:
        if not answer.ok:
            return Told.refused(answer.json()["message"])
        said = answer.json()
        if said["code"] in (1, 22):
            ids = text_in(said, "result").split(",")
            return Told("accepted", ids[0])
        if said["code"] == 21:
            properties = said["properties"]
            assert isinstance(properties["remix"], bool)
            offered = text_in(properties, "finalPrompt")
            return Told("window", text_in(said, "result"), offered)
        return Told.refused(said["description"])

    def seen(self, answer: Answer) -> Look:
        assert answer.ok
        (task,) = answer.json()
        return self.read(task)

    def look(self, task_id: str) -> Sent:
        return self.post("task/list-by-ids", {"ids": [task_id]})

    def read(self, task: dict[str, Any]) -> Look:
        assert isinstance(task["buttons"], list)
        assert isinstance(task["properties"], dict)
        for name in ("submitTime", "status", "action", "discordInstanceId"):
            text_in(task["displays"], name)
        for name in ("startTime", "finishTime"):
            optional_text(task["displays"], name)
        for name in ("botType", "description", "state", "failReason"):
            text_in(task, name)
        status = task["status"]
        return Look(
            over=status in ("SUCCESS", "FAILURE", "CANCEL"),
            failed=status == "FAILURE",
            reason=task["failReason"],
            picture=optional_text(task, "imageUrl"),
            opens_window=status == "MODAL",
        )
