"""Compute the text in a window's input when it opens."""

import re

from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.grammar import words_of
from gateway.simulator.state.interactions import Interaction

ZOOM = re.compile(r"\s*--zoom\s+(?P<factor>\S+)")
_RATIO = re.compile(r"--(?:ar|aspect)\s")


def parent(tools: Tools, ix: Interaction, found: re.Match[str]) -> str:
    """Return the prompt of the button's job."""
    job = tools.job(found["uuid"])
    return job.echoed if job is not None else ""


def motion(tools: Tools, ix: Interaction, found: re.Match[str]) -> str:
    """Return the parent's prompt without its links and parameters.

    An animation keeps its start picture and parameters.
    """
    return words_of(parent(tools, ix, found))


def zoom(tools: Tools, ix: Interaction, found: re.Match[str]) -> str:
    """Return the parent's prompt with a ratio and `--zoom 2`."""
    prompt = ZOOM.sub("", parent(tools, ix, found))
    ratio = "" if _RATIO.search(prompt) else " --ar 1:1"
    return f"{prompt}{ratio} --zoom 2"


def option(tools: Tools, ix: Interaction, found: re.Match[str]) -> str:
    """Return the numbered line of the message's embed, without its links."""
    embeds = ix.message.data["embeds"] if ix.message is not None else []
    text = "\n".join(str(embed.get("description") or "") for embed in embeds)
    line = re.search(rf"^{found['index']}\ufe0f?\u20e3 (.*)$", text, re.M)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line[1]) if line else ""
