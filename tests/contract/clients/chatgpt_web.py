"""chatgpt-web-midjourney-proxy: a page that calls across origins, or by its service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.contract.clients.base import (
    KEY,
    Client,
    by_status,
    sends,
    text_in,
)
from tests.contract.scene import DATA_URL, MASK, OTHER_DATA_URL, Scene
from tests.contract.wire import Answer, Look, Sent, Told


class ChatgptWeb(Client):
    letter = "D"
    name = "chatgpt-web-midjourney-proxy"
    headers = {
        "Content-Type": "application/json",  # on GET too, so all is pre-flighted
        "mj-api-secret": KEY,
        "Origin": "https://chat.example",
    }

    @sends("POST submit/imagine")
    def imagine(self, scene: Scene) -> Sent:
        body = {"base64Array": [], "notifyHook": "", "prompt": "a red fox", "state": ""}
        return self.post(
            "submit/imagine",
            {**body, "botType": "MID_JOURNEY"},
            action="IMAGINE",
            prompt="a red fox",
            bot_type="MID_JOURNEY",
            notify_hook="",
            client_state="",
        )

    @sends("POST submit/imagine")
    def imagine_with_pictures(self, scene: Scene) -> Sent:
        body = {"notifyHook": "", "prompt": "a red fox", "state": ""}
        return self.post(
            "submit/imagine",
            {**body, "base64Array": [DATA_URL], "botType": "NIJI_JOURNEY"},
            bot_type="NIJI_JOURNEY",
            prepared=False,
        )

    @sends("POST submit/imagine")
    def imagine_by_its_service(self, scene: Scene) -> Sent:
        body = {"base64Array": [], "notifyHook": "", "prompt": "a red fox", "state": ""}
        sent = self.post("submit/imagine", {**body, "botType": "MID_JOURNEY"})
        return self._forwarded(sent)

    def _forwarded(self, sent: Sent) -> Sent:
        headers = {"mj-api-secret": KEY, "mj-version": "2.25.6"}
        headers["Content-Type"] = "application/json"
        return replace(sent, headers=headers, body=sent.body or b"{}")

    @sends("POST submit/action")
    def action(self, scene: Scene) -> Sent:
        custom_id = scene.grid.buttons[0]["customId"]
        return self.post(
            "submit/action",
            {"customId": custom_id, "taskId": str(scene.grid.pk)},
            action="UPSCALE",
            custom_id=custom_id,
        )

    @sends("POST submit/modal")
    def modal_by_itself(self, scene: Scene) -> Sent:
        return self.post("submit/modal", {"taskId": str(scene.zoom.pk)})

    @sends("POST submit/modal")
    def modal_with_the_prompt(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.zoom.pk), "prompt": "a red fox --zoom 1.5"}
        return self.post("submit/modal", body, prompt_en="a red fox --zoom 1.5")

    @sends("POST submit/modal")
    def modal_with_a_mask(self, scene: Scene) -> Sent:
        body = {"taskId": str(scene.region.pk), "prompt": "a hat", "maskBase64": MASK}
        return self.post("submit/modal", body, prompt="a hat")

    @sends("POST submit/change")
    def change(self, scene: Scene) -> Sent:
        body = {"action": "UPSCALE", "index": 2, "taskId": str(scene.grid.pk)}
        return self.post("submit/change", body, action="UPSCALE")

    @sends("POST submit/blend")
    def blend(self, scene: Scene) -> Sent:
        pictures = [DATA_URL, OTHER_DATA_URL]
        body = {"base64Array": pictures, "botType": "MID_JOURNEY"}
        return self.post(
            "submit/blend", {**body, "dimensions": "PORTRAIT"}, action="BLEND"
        )

    @sends("POST submit/describe")
    def describe(self, scene: Scene) -> Sent:
        body = {"base64": DATA_URL, "botType": "MID_JOURNEY"}
        return self.post("submit/describe", body, action="DESCRIBE")

    @sends("POST submit/shorten")
    def shorten(self, scene: Scene) -> Sent:
        body = {"prompt": "a very red fox", "botType": "MID_JOURNEY"}
        return self.post("submit/shorten", body, action="SHORTEN")

    @sends("POST submit/edits")
    def edits(self, scene: Scene) -> Sent:
        body = {"prompt": "a hat", "maskBase64": MASK, "image": DATA_URL}
        return self.post("submit/edits", body)

    @sends("POST submit/video")
    def video(self, scene: Scene) -> Sent:
        body = {"motion": "low", "prompt": "it turns", "mode": "fast"}
        return self.post(
            "submit/video",
            {**body, "image": DATA_URL, "base64": DATA_URL},
            action="VIDEO",
            prompt="it turns",
        )

    @sends("POST insight-face/swap")
    def swap(self, scene: Scene) -> Sent:
        body = {"sourceBase64": DATA_URL, "targetBase64": OTHER_DATA_URL}
        return self.post("insight-face/swap", body)

    @sends("POST submit/upload-discord-images")
    def upload(self, scene: Scene) -> Sent:
        return self.post("submit/upload-discord-images", {"base64Array": [DATA_URL]})

    @sends("GET task/{id}/image-seed")
    def seed(self, scene: Scene) -> Sent:
        return self.get(f"task/{scene.grid.pk}/image-seed")

    @sends("POST task/list-by-condition")
    def gallery(self, scene: Scene) -> Sent:
        body = {"ids": [scene.grid.pk, scene.single.pk]}  # as JSON numbers
        return self.post("task/list-by-condition", body)

    @sends("GET task/{id}/fetch")
    def fetch(self, scene: Scene) -> Sent:
        return self.look(str(scene.grid.pk))

    @sends("GET task/{id}/fetch")
    def fetch_by_its_service(self, scene: Scene) -> Sent:
        return self._forwarded(self.look(str(scene.grid.pk)))

    @sends("CORS")
    def cors(self, scene: Scene) -> Sent:
        return self.imagine.make(self, scene)

    @sends("CORS of pictures")
    def canvas(self, scene: Scene) -> Sent:
        path = f"/images/{scene.grid.pk}/{scene.grid.picture_key}.png"
        return Sent("GET", path, {"Origin": self.headers["Origin"]})

    def told(self, answer: Answer) -> Told:
        if not answer.ok:
            return Told.refused(answer.body.decode())
        said = answer.json()
        if said["code"] in (1, 22):
            return Told("accepted", text_in(said, "result"))
        if said["code"] == 21:
            prompt = ""
            if "confirm" in text_in(said, "description"):
                prompt = said["properties"]["finalPrompt"] or ""
            return Told("window", text_in(said, "result"), prompt)
        assert "confirm" not in said["description"]
        return Told.refused(json.dumps(said))

    def read(self, task: dict[str, Any]) -> Look:
        for button in task["buttons"]:
            face = text_in(button, "emoji") + text_in(button, "label")
            assert face or "BOOKMARK" in button["customId"], "a button without a face"
        for name in ("videoUrls", "imageUrls"):
            # Even an empty list would hide the picture.
            links = task.get(name)
            assert links is None or (links and all(each["url"] for each in links))
        for name in ("finalPrompt", "finalZhPrompt"):
            text_in(task["properties"], name)
        return by_status(task)
