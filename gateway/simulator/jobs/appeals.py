"""Handle the buttons below notices: Appeal, Acknowledge, Accept ToS."""

import re
from dataclasses import replace

from gateway.simulator.base.constants import Colour
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.drawing import Studio
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.shapes import embed


async def appeal(studio: Studio, ix: Interaction, found: re.Match[str]) -> None:
    """Check a prompt again; it is drawn if the knob `appeal` is `accepted`."""
    if ix.message is None:
        studio.replies.failure(ix)
        return
    prompt = _prompt(ix.message.data["embeds"])
    accepted = ix.knobs.appeal == "accepted"
    notice = NOTICES["appeal_accepted" if accepted else "appeal_rejected"]
    _answer(studio, ix, notice.embed(prompt))
    if accepted:
        await studio.draw(replace(ix, message=None, written=prompt), "imagine", prompt)


async def consent(studio: Studio, ix: Interaction, found: re.Match[str]) -> None:
    """Replace the notice with thanks for its confirmation."""
    _answer(studio, ix, embed("Thank you", "You may go on.", color=Colour.GREEN))


def _answer(studio: Studio, ix: Interaction, words: Json) -> None:
    """Replace the notice with this embed."""
    studio.replies.success(ix)
    if ix.message is not None:
        studio.posts.update(
            ix.message, ix, phase="press", embeds=[words], components=[]
        )


def _prompt(embeds: list[Json]) -> str:
    """Return the prompt in a notice's footer, which repeats the command."""
    footer = embeds[0].get("footer", {}).get("text", "") if embeds else ""
    return re.sub(r"^/\w+ ", "", footer)
