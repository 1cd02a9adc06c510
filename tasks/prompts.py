"""Prompts as text: what is sent, and how two of them compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from accounts.enums import SpeedMode

MAX_PROMPT_LENGTH: Final = 8192

_SPEED_FLAG: Final = re.compile(r"\s*--(?:fast|relax|turbo)\b", re.IGNORECASE)
_LINK: Final = re.compile(r"<?https?://[^\s>]+>?", re.IGNORECASE)
_PARAMETERS: Final = re.compile(r"(?:^|\s)(?:--|—)[a-zA-Z]")
_FLAG: Final = {
    SpeedMode.RELAX: "--relax",
    SpeedMode.FAST: "--fast",
    SpeedMode.TURBO: "--turbo",
}


def tidy(prompt: str) -> str:
    """Return the prompt on one line, lone dashes and runs of blanks removed."""
    prompt = " ".join(prompt.split())
    return " ".join(prompt.replace(" -- ", " ").split())


def with_speed(prompt: str, mode: str) -> str:
    """Return the prompt with the flag of `mode` in place of any other."""
    if not mode:
        return prompt
    return f"{_SPEED_FLAG.sub('', prompt).strip()} {_FLAG[SpeedMode(mode)]}".strip()


def without_speed(prompt: str) -> str:
    return _SPEED_FLAG.sub("", prompt).strip()


def words_of(prompt: str) -> str:
    """Return the letters and digits before the first parameter, links as one word.

    Midjourney rewrites links, parameters, quotes and blanks in its echo, so two prompts
    with the same words cannot be told apart by their text.
    """
    match = _PARAMETERS.search(prompt)
    text = prompt[: match.start()] if match else prompt
    text = unicodedata.normalize("NFKC", _LINK.sub("\0", text)).lower()
    return "".join(
        "<link>" if c == "\0" else c for c in text if c.isalnum() or c == "\0"
    )


def echo_key(prompt: str) -> str:
    """Return what the echo of `prompt` is compared by; never empty.

    Without words the number of links stands in.
    """
    key = words_of(prompt)
    if not key.replace("<link>", ""):
        # Only what is certain to survive the echo takes part: the pure picture prompts
        # of one account are kept apart by it, not identified.
        key = f"{key}|links={len(_LINK.findall(prompt))}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def first_banned_word(prompt: str, words: list[str]) -> str | None:
    """Return the first banned word, as it stands in the prompt, whole words only."""
    for word in words:
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
        if word and (match := re.search(pattern, prompt, re.IGNORECASE)):
            return match.group()
    return None
