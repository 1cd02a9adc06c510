"""Text of the bots: prompts, echoes, message contents and file names."""

import hashlib
import re

from gateway.simulator.base.constants import NIJI, SHORT_HOST
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.knobs import Knobs

_LINK = re.compile(r"<?(https?://[^\s<>]+)>?")
_RATIO = re.compile(r"--(?:ar|aspect)\s+(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")
_VERSION = re.compile(r"(--(?:v|version))\s+(\d+)(?=\s|$)")
_ECHOED_VERSION = re.compile(r"--(?:v|version|niji)\s+(\d+(?:\.\d+)?)(?=\s|$)")
_SPEED = re.compile(r"\s*--(fast|relax|turbo)\b")
_MODES = {"fast": "fast", "relax": "relaxed", "turbo": "turbo"}


def mode_of(prompt: str, default: str) -> str:
    """Return the speed that a prompt asks for, in the words of a message."""
    found = _SPEED.search(prompt)
    return _MODES[found[1]] if found else _MODES.get(default, default)


def ratio_of(prompt: str) -> float:
    """Return width over height of a prompt, limited to 0.1 to 10."""
    found = _RATIO.search(prompt)
    if found is None or float(found[2]) == 0:
        return 1.0
    return min(max(float(found[1]) / float(found[2]), 0.1), 10.0)


def squared(prompt: str) -> str:
    """Return the prompt with a ratio of 1:1."""
    rest = re.sub(rf"\s*{_RATIO.pattern}", "", prompt)
    return f"{rest.strip()} --ar 1:1"


def version_of(echoed: str, default: str) -> str:
    """Return the model version that decides the buttons: `7`, `6.1`, `5`."""
    found = _ECHOED_VERSION.search(echoed)
    if found is None:
        return default
    number = found[1].removesuffix(".0")
    return "5" if number.startswith("5") else number


def words_of(prompt: str) -> str:
    """Return the prompt without links and parameters."""
    return " ".join(_LINK.sub(" ", prompt).split(" --")[0].split()).strip()


def links_in(prompt: str) -> list[str]:
    """Return the addresses in a prompt, in their order."""
    return _LINK.findall(prompt)


def code_of(url: str) -> str:
    """Return the code of the short link that stands for `url`."""
    return hashlib.sha256(url.encode()).hexdigest()[:11]


def short_link(url: str) -> str:
    """Return the short link that replaces `url` in echoes."""
    if url.startswith(f"{SHORT_HOST}/"):
        return url
    return f"{SHORT_HOST}/{code_of(url)}"


def echo(prompt: str, knobs: Knobs, *, suffix: str = "", app: str = "") -> str:
    """Return the prompt as the bot repeats it."""
    text = prompt
    if knobs.echo_dashes:
        text = text.replace("\u2014", "--").replace("\u2013", "--")
    if knobs.echo_links:
        text = _LINK.sub(lambda found: f"<{short_link(found[1])}>", text)
    if knobs.echo_version:
        text = _VERSION.sub(r"\1 \2.0", text)
    if knobs.echo_speed:
        text = _SPEED.sub("", text)
    for extra in (knobs.echo_defaults, suffix):
        # A new prompt often is the parent's echo, with its extras in it.
        if extra and f" {extra} " not in f"{text} ":
            text = f"{text} {extra}"
    if app == NIJI and "--niji" not in text:
        text = f"{text} --niji 6"
    if knobs.echo_spaces:
        text = re.sub(r"\s+", " ", text)
    return text.strip()


def content(job: Job, knobs: Knobs, *, state: str = "") -> str:
    """Return the content of a job's message; without a state that of the result."""
    start, running, done = job.verbs()
    head = f"**{job.echoed}** - "
    user = f"<@{job.user_id}>"
    if not state:
        if job.kind.layout == "single":
            return f"{head}Image #{job.index} {user}"
        line = f"{head}{_by(done)}{user} ({job.mode})"
    elif state == "Waiting to start":
        line = f"{head}{_by(start)}{user} ({state})"
    elif state == "Stopped":
        line = f"{head}{_by(running)}{user} ({state})"
    else:
        line = f"{head}{_by(running)}{user} ({state}) ({job.mode})"
    if knobs.footer_line:
        line += "\n-# Browse and sort your pictures on the website"
    return line


def _by(verb: str) -> str:
    return f"{verb} by " if verb else ""


def final_name(job: Job) -> str:
    """Return the file name of a result.

    It holds user, words of the prompt and uuid. A clip's name holds the uuid only.
    """
    if job.kind.media == "video":
        return f"{job.shown_uuid}_{_clip_part(job)}.{job.form}"
    words = re.sub(r"<[^>]*>|--.*", " ", job.echoed)
    words = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_")[:60]
    parts = [job.username, words, job.uuid]
    return f"{'_'.join(part for part in parts if part)}.png"


def _clip_part(job: Job) -> str:
    if job.kind.layout == "single":
        return str(job.index - 1)
    return "grid_0" if job.form == "webp" else "0_720_N"


def preview_name(job: Job, knobs: Knobs) -> str:
    plain = knobs.preview_name == "plain"
    return "grid_0.webp" if plain else f"{job.uuid}_grid_0.webp"
