"""Clips: `--video` in a prompt, animate, single clips, extend."""

import re
from collections.abc import Awaitable, Callable
from fractions import Fraction

from gateway.simulator.grammar import links_in, words_of
from gateway.simulator.interactions import Interaction
from gateway.simulator.jobs import Job
from gateway.simulator.notices import NOTICES
from gateway.simulator.results import tile_seed
from gateway.simulator.studio import Studio

Press = Callable[[Studio, Interaction, re.Match[str]], Awaitable[None]]

SECONDS, EXTENSION = 5, 4
_WANTED = re.compile(r"--video\b")
_MOTION = re.compile(r"--motion \w+")


def wanted(prompt: str) -> bool:
    """Whether an imagine asks for clips."""
    return _WANTED.search(prompt) is not None


async def film(studio: Studio, ix: Interaction, inputs: list[str]) -> None:
    """Four clips that begin with the linked picture."""
    if not links_in(ix.prompt):
        await studio.replies.notice(ix, NOTICES["invalid_request"])
        return
    form = ix.knobs.video_form
    await studio.draw(ix, "video", ix.prompt, inputs=inputs, form=form, seconds=SECONDS)


async def animate(studio: Studio, ix: Interaction, found: re.Match[str]) -> None:
    """Four clips that begin with a finished picture."""
    parent = studio.job(found["uuid"])
    if parent is None:
        studio.replies.failure(ix)
        return
    studio.press(ix)
    await shoot(studio, ix, parent, animated(parent, found["motion"]))


def animated(parent: Job, motion: str) -> str:
    """The prompt of clips that begin with this job's picture."""
    shape = Fraction(parent.ratio).limit_denominator(20)
    return (
        f"{parent.picture_url} {words_of(parent.prompt)} --motion {motion}"
        f" --video 1 --aspect {shape.numerator}:{shape.denominator}"
    )


async def shoot(studio: Studio, ix: Interaction, parent: Job, prompt: str) -> None:
    """Clips out of the picture of `parent`, with the prompt as it stands."""
    await studio.draw(
        ix,
        "animate",
        prompt,
        parent_job=parent.uuid,
        index=1,
        form=ix.knobs.video_form,
        seconds=SECONDS,
    )


async def select(studio: Studio, ix: Interaction, found: re.Match[str]) -> None:
    """U1 to U4 below clips: one of them."""
    parent = studio.job(found["uuid"])
    if parent is None:
        studio.replies.failure(ix)
        return
    studio.press(ix)
    index = int(found["index"])
    await studio.draw(
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


async def extend(studio: Studio, ix: Interaction, found: re.Match[str]) -> None:
    """Four longer clips out of one."""
    parent = studio.job(found["uuid"])
    if parent is None:
        studio.replies.failure(ix)
        return
    studio.press(ix)
    prompt = _MOTION.sub(f"--motion {found['motion']}", parent.prompt)
    await prolong(studio, ix, parent, prompt, index=int(found["index"]))


async def prolong(
    studio: Studio, ix: Interaction, parent: Job, prompt: str, *, index: int
) -> None:
    """Longer clips out of clip `index` of `parent`."""
    await studio.draw(
        ix,
        "extend",
        prompt,
        ratio=parent.ratio,
        parent_job=parent.uuid,
        index=index,
        form=ix.knobs.video_form,
        seconds=parent.seconds + EXTENSION,
    )


async def reroll(studio: Studio, ix: Interaction, parent: Job) -> None:
    """Four other clips of the same prompt."""
    studio.press(ix)
    await studio.draw(
        ix,
        "video_reroll",
        parent.prompt,
        echoed=parent.echoed,
        ratio=parent.ratio,
        parent_job=parent.uuid,
        inputs=parent.inputs,
        form=parent.form,
        seconds=parent.seconds,
    )
