"""Draw clips: `--video` in a prompt, animate, single clips, extend."""

import re
from fractions import Fraction

from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.grammar import links_in, words_of
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.results import tile_seed
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job

SECONDS, EXTENSION = 5, 4
_WANTED = re.compile(r"--video\b")
_MOTION = re.compile(r"--motion \w+")


def wanted(prompt: str) -> bool:
    """Return whether a prompt of `/imagine` asks for clips."""
    return _WANTED.search(prompt) is not None


async def film(tools: Tools, ix: Interaction, inputs: list[str]) -> None:
    """Make four clips that begin with the linked picture."""
    if not links_in(ix.prompt):
        await tools.replies.notice(ix, NOTICES["invalid_request"])
        return
    form = ix.knobs.video_form
    await tools.draw(ix, "video", ix.prompt, inputs=inputs, form=form, seconds=SECONDS)


async def animate(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Make four clips that begin with a finished picture."""
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    shape = Fraction(parent.ratio).limit_denominator(20)
    words = words_of(parent.prompt) if ix.written is None else words_of(ix.written)
    prompt = (
        f"{parent.picture_url} {words} --motion {found['motion']} --video 1"
        f" --aspect {shape.numerator}:{shape.denominator}"
    )
    await tools.draw(
        ix,
        "animate",
        prompt,
        parent_job=parent.uuid,
        index=1,
        form=ix.knobs.video_form,
        seconds=SECONDS,
    )


async def select(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Handle U1 to U4 below clips: post one of them."""
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    index = int(found["index"])
    await tools.draw(
        ix,
        "clip",
        parent.prompt,
        echoed=parent.echoed,
        ratio=parent.ratio,
        parent_job=parent.uuid,
        index=index,
        tile_of=(tile_seed(parent), index),
        form="mp4",
        seconds=parent.seconds,
        carries=parent.uuid if ix.knobs.clip_uuid == "parent" else "",
    )


async def extend(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Make four longer clips from one."""
    parent = tools.job(found["uuid"])
    if parent is None:
        tools.replies.failure(ix)
        return
    tools.press(ix)
    prompt = parent.prompt
    if ix.written is not None:
        start = links_in(prompt)[:1]
        prompt = " ".join([*start, words_of(ix.written), *_flags(prompt)])
    await tools.draw(
        ix,
        "extend",
        _MOTION.sub(f"--motion {found['motion']}", prompt),
        ratio=parent.ratio,
        parent_job=parent.uuid,
        index=int(found["index"]),
        form=ix.knobs.video_form,
        seconds=parent.seconds + EXTENSION,
    )


def _flags(prompt: str) -> list[str]:
    """Return the parameters at the end of a prompt."""
    _, mark, flags = prompt.partition(" --")
    return [f"--{flags}"] if mark else []


async def reroll(tools: Tools, ix: Interaction, parent: Job) -> None:
    """Make four other clips from the same prompt."""
    tools.press(ix)
    echoed = {"echoed": parent.echoed} if ix.written is None else {}
    await tools.draw(
        ix,
        "video_reroll",
        parent.prompt if ix.written is None else ix.written,
        **echoed,
        ratio=parent.ratio,
        parent_job=parent.uuid,
        inputs=parent.inputs,
        form=parent.form,
        seconds=parent.seconds,
    )
