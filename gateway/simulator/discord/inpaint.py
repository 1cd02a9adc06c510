"""Activity host of Vary (Region): accept what its editor sends."""

import asyncio
from dataclasses import dataclass, replace

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json
from gateway.simulator.bot.bot import Bot
from gateway.simulator.http.access import Handler
from gateway.simulator.http.answers import answer
from gateway.simulator.jobs.grammar import echo
from gateway.simulator.jobs.results import picture_of
from gateway.simulator.pixels.masks import BadMask, read_mask
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.windows.kinds import LONGEST
from gateway.simulator.windows.opener import Opened

PATHS = (
    "/inpaint/api/submit-job",
    "/.proxy/inpaint/api/submit-job",
    "/.proxy/inpaint/api/submit-job/{token}",
)


class Rejected(Exception):
    """The editor's request is refused with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Inpaint:
    """Accepts masks and prompts, and lets the bot finish the click."""

    core: Core
    bot: Bot

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {f"POST {path}": self.submit for path in PATHS}

    async def submit(self, request: web.Request) -> web.Response:
        """Handle a submit of the editor; the token is in the path or in the body."""
        try:
            body = _object(await request.read())
            token = request.match_info.get("token") or str(body.get("customId"))
            await self._go_on(token, body)
        except Rejected as rejected:
            return answer({"message": str(rejected)}, rejected.status)
        return answer({"success": True})

    async def _go_on(self, token: str, body: Json) -> None:
        opened, parent = self._opened(token)
        failure = opened.click.knobs.inpaint_status or self.core.knobs.inpaint_status
        if failure:
            self.bot.opener.close_page(token)
            raise Rejected(failure, "Something went wrong on our side")
        prompt = _prompt(body)
        picture = picture_of(parent, self.core.config.picture_size)
        size = (picture.width, picture.height)
        try:
            facts = await asyncio.to_thread(read_mask, body.get("mask"), size)
        except BadMask as exc:
            raise Rejected(400, str(exc)) from None
        self._opened(token)  # another request may have used it meanwhile
        self.bot.opener.close_page(token)
        click = opened.click
        written = prompt if _differs(prompt, parent, click) else None
        self.bot.go_on(replace(click, follow_up=True, written=written, facts=facts))

    def _opened(self, token: str) -> tuple[Opened, Job]:
        """Return the open page and the job whose picture it shows.

        Raises Rejected with 404 if the page is not open.
        """
        opened = self.bot.opener.page(token)
        parent = self._parent(opened.click) if opened is not None else None
        if opened is None or parent is None:
            raise Rejected(404, "This editor is no longer open")
        return opened, parent

    def _parent(self, click: Interaction) -> Job | None:
        parts = click.custom_id.split("::")
        return next(filter(None, map(self.core.world.jobs.get, parts)), None)


def _object(raw: bytes) -> Json:
    try:
        body = wire.load(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Rejected(400, "a JSON object, please")
    return body


def _prompt(body: Json) -> str:
    """Return the new prompt; "" keeps the parent's.

    Raises Rejected with 400 if it is no text or too long.
    """
    prompt = body.get("prompt") or ""
    if not isinstance(prompt, str) or len(prompt) > LONGEST:
        raise Rejected(
            400, f"the prompt must be a text of at most {LONGEST} characters"
        )
    return prompt.strip()


def _differs(prompt: str, parent: Job, click: Interaction) -> bool:
    said = echo(prompt, click.knobs, app=click.application_id)
    return bool(prompt) and not {prompt, said} & {parent.prompt, parent.echoed}
