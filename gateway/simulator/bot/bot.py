"""The bot: tables of commands and buttons with the functions that handle them."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway.simulator.base.constants import Kind
from gateway.simulator.bot import (
    blend,
    commands,
    describe,
    panel,
    prefer,
    presses,
    shorten,
    show,
    video,
)
from gateway.simulator.bot.verification import Verification
from gateway.simulator.jobs import appeals, direct
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.lifecycle import Lifecycle
from gateway.simulator.jobs.notices import NOTICES, Notice
from gateway.simulator.jobs.posts import Posts
from gateway.simulator.jobs.replies import Replies
from gateway.simulator.jobs.slots import Slots
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.windows import kinds
from gateway.simulator.windows.kinds import Page, Window
from gateway.simulator.windows.opener import Opener

logger = logging.getLogger(__name__)

Handler = Callable[[Tools, Interaction], Awaitable[None]]
Press = Callable[[Tools, Interaction, re.Match[str]], Awaitable[None]]

# A new command needs one row here and one function in `commands`.
COMMANDS: dict[str, Handler] = {
    "imagine": commands.imagine,
    "blend": blend.blend,
    "describe": describe.describe,
    "shorten": shorten.shorten,
    "show": show.show,
    "DM Results": show.dm_results,
    "info": commands.info,
    "settings": panel.settings,
    "Cancel Job": commands.cancel_job,
    **prefer.COMMANDS,
}

UUID = r"(?P<uuid>[0-9a-f-]{36})"


@dataclass(frozen=True)
class Button:
    """One form of custom id, its function, and the window that comes before it."""

    pattern: re.Pattern[str]
    press: Press
    window: Window | Page | None = None


def _row(pattern: str, press: Press, window: Window | Page | None = None) -> Button:
    return Button(re.compile(pattern.replace("{h}", UUID)), press, window)


# A new button needs one row here and one function in `presses`.
BUTTONS = (
    _row(r"MJ::JOB::upsample::(?P<index>[1-4])::{h}", presses.upscale),
    _row(r"MJ::JOB::variation::(?P<index>[1-4])::{h}", presses.variation, kinds.REMIX),
    _row(r"MJ::JOB::reroll::0::{h}::SOLO", presses.reroll, kinds.REROLL),
    _row(
        r"MJ::JOB::low_variation::1::{h}::SOLO",
        presses.derive("vary_subtle"),
        kinds.REMIX_SUBTLE,
    ),
    _row(
        r"MJ::JOB::high_variation::1::{h}::SOLO",
        presses.derive("vary_strong"),
        kinds.REMIX_STRONG,
    ),
    _row(
        r"MJ::JOB::upsample_v\w+_2x_subtle::1::{h}::SOLO",
        presses.derive("upscale_subtle"),
    ),
    _row(
        r"MJ::JOB::upsample_v\w+_2x_creative::1::{h}::SOLO",
        presses.derive("upscale_creative"),
    ),
    _row(r"MJ::JOB::upsample_v5_2x::1::{h}::SOLO", presses.derive("upscale_2x")),
    _row(r"MJ::JOB::upsample_v5_4x::1::{h}::SOLO", presses.derive("upscale_4x")),
    _row(r"MJ::Outpaint::(?:50|75)::1::{h}::SOLO", presses.derive("zoom_out")),
    _row(r"MJ::Inpaint::1::{h}::SOLO", presses.derive("vary_region"), kinds.INPAINT),
    _row(r"MJ::Outpaint::100::1::{h}::SOLO", presses.make_square),
    _row(r"MJ::BOOKMARK::{h}", presses.bookmark),
    _row(r"MJ::CustomZoom::{h}", presses.custom_zoom, kinds.CUSTOM_ZOOM),
    _row(
        r"MJ::JOB::pan_(?P<way>left|right|up|down)::1::{h}::SOLO",
        presses.pan,
        kinds.PAN,
    ),
    _row(
        r"MJ::Job::PicReader::(?P<index>[1-4])",
        describe.imagine_one,
        kinds.PIC_READER,
    ),
    _row(r"MJ::Job::PicReader::all", describe.imagine_all),
    _row(r"MJ::Picread::Retry", describe.retry),
    _row(
        r"MJ::Job::PromptAnalyzer::(?P<index>[1-5])",
        shorten.imagine_one,
        kinds.PROMPT_ANALYZER,
    ),
    _row(r"MJ::Job::PromptAnalyzerExtended", shorten.details),
    _row(
        r"MJ::JOB::animate_(?P<motion>high|low)::(?P<index>1)::{h}::SOLO",
        video.animate,
        kinds.ANIMATE,
    ),
    _row(r"MJ::JOB::video_virtual_upscale::(?P<index>[1-4])::{h}", video.select),
    _row(
        r"MJ::JOB::animate_(?P<motion>high|low)_extend::(?P<index>[1-4])::{h}",
        video.extend,
        kinds.EXTEND,
    ),
    _row(r"MJ::Settings::(?P<control>.+)", panel.press),
    _row(r"MJ::Prompts::Appeal::\d+", appeals.appeal),
    _row(r"MJ::ModMessage::Acknowledge::\d+|MJ::TOS::accept", appeals.consent),
    _row(r"MJ::CancelJob::ByJobid::{h}", presses.cancel),
)


class Bot:
    """Bot: both bots, which differ only in their application id."""

    def __init__(self, core: Core) -> None:
        self.core = core
        posts = Posts(core)
        replies = Replies(core, posts)
        slots = Slots()
        lifecycle = Lifecycle(core, posts, replies, slots)
        self.tools = Tools(core, posts, replies, slots, lifecycle)
        self.opener = Opener(self.tools)
        self.verification = Verification(core)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, ix: Interaction) -> None:
        """Start to handle an interaction that Discord has accepted."""
        self._start(self._guarded(self._work(ix)))

    def go_on(self, ix: Interaction) -> None:
        """Start the job of a click whose page has been submitted."""
        self._start(self._guarded(self._handle(ix)))

    def give_seed(self, account: Account, job: Job) -> None:
        """Post a job's seed in the account's DM after `seed_delay` seconds."""

        async def give() -> None:
            await self.core.clock.sleep(self.core.knobs.seed_delay)
            direct.tell_seed(self.core, account, job)

        self._start(give())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, ix: Interaction, notice: Notice, form: str) -> None:
        """Post a notice that answers no request."""
        self.tools.replies.unasked(ix, notice, form)

    async def stop(self) -> None:
        """Cancel all running work."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("an interaction failed in the simulator")

    async def _work(self, ix: Interaction) -> None:
        await self._acknowledge(ix)
        if ix.effects.get("silent"):
            return
        challenge = self.verification.token_for(ix)
        if challenge is not None:
            self.opener.show_page(kinds.CHALLENGE, ix, challenge)
        elif "notice" in ix.effects and "at" not in ix.effects:
            await self._refuse(ix)
        else:
            await self._handle(ix)

    async def _acknowledge(self, ix: Interaction) -> None:
        if ix.knobs.ack_delay >= 0:
            await ix.answered.wait()
            await self.core.clock.sleep(ix.knobs.ack_delay)
        if not ix.effects.get("silent"):
            self.tools.replies.acknowledge(ix)

    async def _refuse(self, ix: Interaction) -> None:
        """Answer with a notice instead of a job, where its form allows that."""
        notice = NOTICES[ix.effects["notice"]]
        form = ix.effects.get("form", notice.form)
        if form in "CDF":
            ix.effects["at"] = 0  # these refer to a job that has started
            await self._handle(ix)
            return
        await self.core.clock.sleep(ix.knobs.start_delay)
        await self.tools.replies.notice(ix, notice, form=form)

    async def _handle(self, ix: Interaction) -> None:
        if ix.kind is Kind.COMMAND:
            handler = COMMANDS.get(ix.name)
            if handler is not None:
                await handler(self.tools, ix)
                return
            self.tools.replies.failure(ix)
            return
        for row in BUTTONS:
            found = row.pattern.fullmatch(ix.pressed_id)
            if found is None:
                continue
            if row.window is not None and self.opener.wanted(row.window, ix):
                await self.opener.open(row.window, ix, found)
            else:
                await row.press(self.tools, ix, found)
            return
        self.tools.replies.failure(ix)
