"""`/shorten`: mark the important words of a prompt, and offer shorter prompts."""

import hashlib
import re

from gateway.simulator.base.constants import Colour
from gateway.simulator.base.wire import Json
from gateway.simulator.bot.describe import DIGITS
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.grammar import words_of
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.shapes import button, embed, rows

TITLE = "Prompt Analysis"
FOOTER = "Click on a button to imagine one of the shortened prompts!"
_BOLD, _STRUCK = 0.5, 0.2


async def shorten(tools: Tools, ix: Interaction) -> None:
    """Analyse the prompt and post five or fewer shorter ones."""
    words = words_of(ix.prompt).split()
    if not words:
        await tools.replies.notice(ix, NOTICES["empty_prompt"])
        return
    texts = _shortened(words)
    job = tools.begin(ix, "shorten", ix.prompt, echoed=ix.prompt, texts=texts)
    message = tools.replies.deferred(ix, job)
    head = f"## Important tokens\n{' '.join(map(_marked, words))}"
    lines = "\n".join(f"{DIGITS[n]} {text}" for n, text in enumerate(texts))
    card = _card(job, f"{head}\n\n## Shortened prompts\n{lines}")
    await tools.lifecycle.fill(ix, job, message, **card)


async def details(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Show the same message as a table of weights."""
    before = shortened(tools, ix)
    if before is None or ix.message is None:
        tools.replies.failure(ix)
        return
    job = tools.begin(
        ix,
        "shorten",
        before.prompt,
        echoed=before.echoed,
        texts=before.texts,
        parent_job=before.uuid,
    )
    tools.replies.success(ix)
    words = words_of(job.prompt).split()
    table = "\n".join(f"{word:<24}{_weight(word):.2f}" for word in words)
    card = _card(job, f"## Prompt weights\n```\n{table}\n```")
    await tools.lifecycle.fill(
        ix, job, ix.message, interaction_metadata=ix.metadata(), **card
    )


async def imagine_one(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Draw one of the prompts, with the changes made in the window."""
    job, index = shortened(tools, ix), int(found["index"])
    if job is None or index > len(job.texts):
        tools.replies.failure(ix)
        return
    text = job.texts[index - 1] if ix.written is None else ix.written
    tools.press(ix)
    await tools.draw(ix, "imagine", text, parent_job=job.uuid, index=index)


def shortened(tools: Tools, ix: Interaction) -> Job | None:
    """Return the shorten job whose message was clicked, or None."""
    job = tools.job_of(ix.message.id) if ix.message is not None else None
    return job if job is not None and job.kind.name == "shorten" else None


def _weight(word: str) -> float:
    """Return the weight of a word, 0 to 1, which depends on the word alone."""
    chance = hashlib.sha256(word.lower().encode()).digest()[0] / 255
    return min(1.0, len(word) / 10) * 0.6 + chance * 0.4


def _marked(word: str) -> str:
    weight = _weight(word)
    if weight >= _BOLD:
        return f"**{word}**"
    return f"~~{word}~~" if weight < _STRUCK else word


def _shortened(words: list[str]) -> list[str]:
    """Return up to five prompts, each with fewer of the heaviest words."""
    ranked = sorted(range(len(words)), key=lambda n: -_weight(words[n]))
    texts = []
    for share in range(5, 0, -1):
        kept = sorted(ranked[: max(1, len(words) * share // 6)])
        texts.append(" ".join(words[n] for n in kept))
    return list(dict.fromkeys(texts))


def _card(job: Job, description: str) -> Json:
    """Return the embed and one button for each text."""
    numbers = [
        button(f"MJ::Job::PromptAnalyzer::{n}", emoji=DIGITS[n - 1])
        for n in range(1, len(job.texts) + 1)
    ]
    more = button("MJ::Job::PromptAnalyzerExtended", "Show Details")
    words = embed(TITLE, description, color=Colour.GREEN, footer=FOOTER)
    return {"embeds": [words], "components": rows(numbers, [more])}
