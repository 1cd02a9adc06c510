"""Handle presses of buttons below results."""

import re
import time
from collections.abc import Awaitable, Callable

from gateway.simulator.base.wire import Json
from gateway.simulator.bot import video
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.grammar import ratio_of, squared
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.results import tile_seed
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import KINDS, Job
from gateway.simulator.windows.prefills import ZOOM

Press = Callable[[Tools, Interaction, re.Match[str]], Awaitable[None]]


async def upscale(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Handle U1 to U4: post the single picture of one tile."""
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    index = int(found["index"])
    if _too_soon(tools, ix, found["uuid"] + found["index"]):
        await tools.replies.notice(ix, NOTICES["duplicate_action"])
        return
    tools.press(ix)
    await tools.draw(
        ix,
        "upscale",
        parent.prompt,
        echoed=parent.echoed,
        ratio=parent.ratio,
        parent_job=parent.uuid,
        index=index,
        tile_of=(tile_seed(parent), index),
    )


async def variation(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Handle V1 to V4: draw a new grid from one tile."""
    strength = ix.knobs.variation_strength
    verb = f"Variations ({strength})" if strength else None
    await _derive(tools, ix, found, "variation", index=int(found["index"]), verb=verb)


async def reroll(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Draw the same prompt again, with the parent's verb."""
    parent = tools.job(found["uuid"])
    if parent is not None and parent.kind.media == "video":
        await video.reroll(tools, ix, parent)
        return
    verb = None
    if parent is not None and parent.verbs()[2].startswith(("Variations", "Remix")):
        verb = parent.verbs()[2]
    await _derive(tools, ix, found, "reroll", verb=verb)


async def custom_zoom(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Zoom out by the prompt's factor, which must be above 1 and at most 2."""
    if ix.written is not None and not _zooms(ix.written):
        await tools.replies.notice(ix, NOTICES["invalid_zoom"])
        return
    await _derive(tools, ix, found, "custom_zoom")


def _zooms(prompt: str) -> bool:
    found = ZOOM.search(prompt)
    try:
        return found is not None and 1 < float(found["factor"]) <= 2
    except ValueError:
        return False


async def make_square(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Zoom out until both sides are equal."""
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    await tools.draw(
        ix,
        "make_square",
        squared(parent.prompt),
        echoed=squared(parent.echoed),
        ratio=1.0,
        parent_job=parent.uuid,
        index=1,
    )


async def bookmark(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Bookmark a picture: its button turns blue, no message follows."""
    job = tools.job(found["uuid"])
    if job is None:
        tools.replies.failure(ix)
        return
    job.bookmarked = True
    tools.core.store.job(job)
    tools.press(ix)
    tools.replies.success(ix)


async def pan(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    await _derive(tools, ix, found, f"pan_{found['way']}")


def derive(kind: str) -> Press:
    """Return the press that makes a job of this kind from the button's job."""

    async def press(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
        await _derive(tools, ix, found, kind)

    return press


async def cancel(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Stop a running job of the same user."""
    job = tools.job(found["uuid"])
    if job is None or job.user_id != ix.account.user_id or not job.cancel():
        tools.replies.failure(ix)
        return
    tools.replies.success(ix)


async def _derive(
    tools: Tools,
    ix: Interaction,
    found: re.Match[str],
    kind: str,
    *,
    index: int = 1,
    verb: str | None = None,
) -> None:
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    tile_of = None
    if KINDS[kind].layout == "large":
        tile_of = parent.tile_of
    if ix.written is not None:
        verb = (verb or KINDS[kind].done_verb).replace("Variations", "Remix") or None
    await tools.draw(
        ix,
        kind,
        parent.prompt if ix.written is None else ix.written,
        **_words(ix, parent, KINDS[kind].widen),
        parent_job=parent.uuid,
        index=index,
        verb=verb,
        tile_of=tile_of,
    )


def _words(ix: Interaction, parent: Job, widen: float) -> Json:
    """Return echo and ratio of the job: the parent's, unless a new prompt differs."""
    ratio = parent.ratio * widen
    if ix.written is None:
        return {"echoed": parent.echoed, "ratio": ratio}
    asked = ratio_of(ix.written)
    return {"ratio": ratio if asked == ratio_of(parent.echoed) else asked}


def _too_soon(tools: Tools, ix: Interaction, tile: str) -> bool:
    """Return whether this tile was upscaled in the last `slow_down` seconds."""
    if not ix.knobs.slow_down:
        return False
    key, now = f"{ix.account.user_id}/{tile}", time.monotonic()
    last = tools.last_upscale.get(key)
    tools.last_upscale[key] = now
    return last is not None and now - last < ix.knobs.slow_down
