"""Handle the buttons below notices: Appeal, Acknowledge, Accept ToS."""

import re
from dataclasses import replace

from gateway.simulator.base.constants import Colour
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.shapes import embed


async def appeal(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Check a prompt again; it is drawn if the knob `appeal` is `accepted`."""
    if ix.message is None:
        tools.replies.failure(ix)
        return
    prompt = _prompt(ix.message.data["embeds"])
    accepted = ix.knobs.appeal == "accepted"
    notice = NOTICES["appeal_accepted" if accepted else "appeal_rejected"]
    _answer(tools, ix, notice.embed(prompt))
    if accepted:
        await tools.draw(replace(ix, message=None, written=prompt), "imagine", prompt)


async def consent(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Replace the notice with thanks for its confirmation."""
    _answer(tools, ix, embed("Thank you", "You may go on.", color=Colour.GREEN))


def _answer(tools: Tools, ix: Interaction, words: Json) -> None:
    """Replace the notice with this embed."""
    tools.replies.success(ix)
    if ix.message is not None:
        tools.posts.update(ix.message, ix, phase="press", embeds=[words], components=[])


def _prompt(embeds: list[Json]) -> str:
    """Return the prompt in a notice's footer, which repeats the command."""
    footer = embeds[0].get("footer", {}).get("text", "") if embeds else ""
    return re.sub(r"^/\w+ ", "", footer)
