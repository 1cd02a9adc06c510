"""Serve the provider's HTTP API: files, predictions, results."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from gateway.simulator.base.wire import Json
from gateway.simulator.http.access import Handler
from gateway.simulator.http.answers import answer
from gateway.simulator.http.bodies import json_object
from gateway.simulator.state.core import Core
from gateway.simulator.swaps import work
from gateway.simulator.swaps.work import File, Prediction

TOKEN = "r8_simulated_token"  # noqa: S105 - of the simulator
BASE = "/v1"
PAGE = 100
INPUTS = ({"swap_image", "input_image"}, {"source", "target"})
HUGE = 2 << 30  # bytes that an output announces
STEPS = (10, 40, 70)


def problem(status: int, detail: str, **more: str) -> web.Response:
    body = {"title": "Request failed", "detail": detail, "status": status}
    return answer(body, status, more)


class Provider:
    """A provider of face swaps. The knob `swap_outcome` decides how they end."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.files: dict[str, File] = {}
        self.predictions: dict[str, Prediction] = {}
        self._running: set[asyncio.Task[None]] = set()

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {
            f"POST {BASE}/files": self._keyed(self.upload),
            f"GET {BASE}/files/{{id}}": self._keyed(self.file),
            f"POST {BASE}/predictions": self._keyed(self.create),
            f"GET {BASE}/predictions": self._keyed(self.listed),
            f"GET {BASE}/predictions/{{id}}": self._keyed(self.get),
            f"POST {BASE}/predictions/{{id}}/cancel": self._keyed(self.cancel),
            "GET /swaps/output/{name}": self.result,
        }

    async def stop(self) -> None:
        """End the work that runs."""
        for task in self._running:
            task.cancel()

    @property
    def base(self) -> str:
        return f"{self.core.url}{BASE}"

    def _keyed(self, handler: Handler) -> Handler:
        """Return a handler that lets in only who has the token."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return problem(401, "You did not pass a valid authentication token")
            return await handler(request)

        return checked

    # --- files --------------------------------------------------------------------

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Keep the form's part `content`."""
        if not request.content_type.startswith("multipart/"):
            return problem(400, "multipart form data is required")
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "content":
                file = File(
                    id=self.core.ids.hex(26),
                    name=part.filename or "file",
                    content_type=part.headers.get("Content-Type", ""),
                    body=bytes(await part.read()),
                    created_at=self.core.clock.stamp(),
                )
                self.files[file.id] = file
                return answer(self._shown(file), 201)
        return problem(400, "content is required")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Describe a file."""
        file = self.files.get(request.match_info["id"])
        return answer(self._shown(file)) if file else problem(404, "Not found")

    def _shown(self, file: File) -> Json:
        return {
            "id": file.id,
            "name": file.name,
            "content_type": file.content_type,
            "size": len(file.body),
            "created_at": file.created_at,
            "urls": {"get": f"{self.base}/files/{file.id}"},
        }

    # --- predictions --------------------------------------------------------------

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Start a prediction; this is what costs money at the real provider."""
        sent = await json_object(request)
        given = sent.get("input")
        if not isinstance(sent.get("version"), str) or not sent["version"]:
            return problem(422, "- version is required")
        if not isinstance(given, dict) or set(given) not in INPUTS:
            return problem(422, "- input: swap_image and input_image are required")
        files = self._files_of(given)
        if files is None:
            return problem(422, "- input: a file cannot be fetched")
        found = Prediction(
            id=self.core.ids.hex(26),
            version=sent["version"],
            input=dict(given),
            outcome=self.core.knobs.swap_outcome,
            created_at=self.core.clock.stamp(),
            files=files,
            webhook=str(sent.get("webhook") or ""),
            events=list(sent.get("webhook_events_filter") or []),
        )
        self.predictions[found.id] = found
        self.core.ledger.changed()
        task = asyncio.create_task(self._run(found))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return answer(found.as_json(self.base), 201)

    def _files_of(self, given: dict[str, Any]) -> list[File] | None:
        """Return the face and the target, or None if one of them is not here."""
        of_video = "source" in given
        names = ("target", "source") if of_video else ("swap_image", "input_image")
        found = [
            self.files.get(str(given[name]).removeprefix(f"{self.base}/files/"))
            for name in names
        ]
        files = [each for each in found if each]
        return files if len(files) == 2 else None

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """List predictions, the newest first."""
        start = request.query.get("cursor", "0")
        first = int(start) if start.isdigit() else 0
        rows = list(reversed(self.predictions.values()))
        following = f"{self.base}/predictions?cursor={first + PAGE}"
        return answer(
            {
                "previous": None,
                "next": following if len(rows) > first + PAGE else None,
                "results": [
                    row.as_json(self.base) for row in rows[first : first + PAGE]
                ],
            }
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        found = self.predictions.get(request.match_info["id"])
        return answer(found.as_json(self.base)) if found else problem(404, "Not found")

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Stop a prediction; one that is over stays as it is."""
        found = self.predictions.get(request.match_info["id"])
        if found is None:
            return problem(404, "Not found")
        if not found.is_over:
            found.status = "canceled"
            self.core.ledger.changed()
        return answer(found.as_json(self.base))

    async def _run(self, found: Prediction) -> None:
        knobs, clock = self.core.knobs, self.core.clock
        await clock.sleep(knobs.swap_delay)
        for percent in STEPS:
            if found.is_over:
                return
            found.status, found.percent = "processing", percent
            if found.outcome == "hang":
                return
            await clock.sleep(knobs.swap_time / len(STEPS))
        if not found.is_over:
            self._end(found)

    def _end(self, found: Prediction) -> None:
        if found.outcome in work.ERRORS:
            found.status, found.error = "failed", work.ERRORS[found.outcome]
        elif found.outcome == "stopped":
            found.status = "canceled"
        else:
            found.status, found.output = "succeeded", self._output(found)
        self.core.ledger.changed()

    def _output(self, found: Prediction) -> str | list[str] | None:
        if found.outcome == "empty":
            return None
        if found.outcome == "private":
            return "http://169.254.169.254/latest/meta-data"
        ending = "mp4" if found.is_video else "png"
        address = f"{self.core.url}/swaps/output/{found.id}.{ending}"
        return [address] if found.is_video else address

    # --- results ------------------------------------------------------------------

    async def result(self, request: web.Request) -> web.StreamResponse:
        """Serve a result, without a token."""
        pk, _, ending = request.match_info["name"].partition(".")
        found = self.predictions.get(pk)
        if found is None or found.output is None or found.outcome == "expired":
            return problem(404, "Not found")
        if found.outcome == "html":
            return web.Response(text="<!doctype html>", content_type="text/html")
        if found.outcome == "huge":
            return await self._huge(request)
        face, target = (file.body for file in found.files)
        if ending == "mp4":
            body, kind = work.swapped_video(face, target), "video/mp4"
        else:
            body, kind = (
                await asyncio.to_thread(work.swapped, face, target),
                "image/png",
            )
        return web.Response(body=body, content_type=kind)

    async def _huge(self, request: web.Request) -> web.StreamResponse:
        """Begin a file of 2 GB."""
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        response.content_length = HUGE
        await response.prepare(request)
        await response.write(b"\x89PNG\r\n\x1a\n" + bytes(1 << 16))
        return response
