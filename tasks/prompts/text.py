"""Prompts as text: what is sent, and how two of them compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from typing import Final

from accounts.enums import SpeedMode
from tasks.exceptions import InvalidRequest
from tasks.prompts.banned_words import first_banned_word as first_banned_word
from tasks.prompts.dashes import DASHES, mended, with_plain_values
from tasks.prompts.links import LINK, outside_links, unwrapped
from tasks.prompts.parameters import KNOWN, SPEEDS, parse

MAX_PROMPT_LENGTH: Final = 8192

# Midjourney may take a flag that is glued to a word; `--fast-lane` is none.
_SPEED_FLAG: Final = re.compile(
    rf"--(?:{'|'.join(sorted(SPEEDS))})(?!\w|-\w|-*+(?=[^-])[{DASHES}])", re.IGNORECASE
)
# An echo may have two hyphens for a dash between words, so a glued name must be known.
_PARAMETERS: Final = re.compile(
    rf"(?:^|\s)(?:--|—)[a-zA-Z]|--(?:{'|'.join(sorted(KNOWN))})(?!\w)", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"[0-9]{0,12}\.?[0-9]{1,12}")


def tidy(prompt: str) -> str:
    """Return the prompt on one line, its dashes mended; links stay as they are.

    Any dashes that lead a known parameter's name become `--`, its value is spelt in
    ASCII; three hyphens elsewhere become a blank; a lone `--` goes.
    """
    words = outside_links(prompt, mended).split()
    return " ".join(with_plain_values([word for word in words if word != "--"]))


def sent_prompt(
    prompt_en: str,
    *,
    task_mode: str = "",
    account_mode: str = "",
    allow_modes: Collection[str] = (),
    fast_exhausted: bool = False,
) -> str:
    """Return what is sent to the bot (docs/protocol.md, prompts).

    Modes are those of SpeedMode. The account's word counts more than the task's, and
    used up fast hours more than both.
    """
    prompt = with_speed(tidy(unwrapped(prompt_en)), task_mode)
    if allow_modes:
        prompt = without_speed(prompt, but=allow_modes)
    prompt = with_speed(prompt, account_mode)
    return with_speed(prompt, SpeedMode.RELAX if fast_exhausted else "")


def with_speed(prompt: str, mode: str) -> str:
    """Return the prompt with the flag of `mode` in place of any other."""
    if not mode:
        return prompt
    return f"{without_speed(prompt)} --{SpeedMode(mode).lower()}".strip()


def without_speed(prompt: str, *, but: Collection[str] = ()) -> str:
    """Return the tidy prompt without speed flags, but for those of the modes `but`."""
    kept = [f"--{mode.lower()}" for mode in but]

    def cut(match: re.Match[str]) -> str:
        return match[0] if match[0].lower() in kept else " "

    return tidy(outside_links(tidy(prompt), lambda text: _SPEED_FLAG.sub(cut, text)))


def zoomed(prompt: str) -> str:
    """Return the prompt of a custom zoom; without a factor it is 2.

    Raises InvalidRequest where one is not above 1 and at most 2.
    """
    factors = parse(tidy(prompt)).values("zoom")
    for factor in factors:
        if not (_NUMBER.fullmatch(factor) and 1 < float(factor) <= 2):
            raise InvalidRequest("zoom参数错误", "--zoom is above 1 and at most 2")
    return prompt if factors else f"{prompt.strip()} --zoom 2".strip()


def words_of(prompt: str) -> str:
    """Return the letters and digits before the first parameter, links as one word.

    Midjourney rewrites links, parameters, quotes and blanks in its echo, so two prompts
    with the same words cannot be told apart by their text.
    """
    # A blank follows each link, as in what is sent: a parameter may be glued to it.
    text = LINK.sub("\0 ", tidy(prompt).replace("\0", " "))
    text = _PARAMETERS.split(text, maxsplit=1)[0]
    text = unicodedata.normalize("NFKC", text).lower()
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
        key = f"{key}|links={len(LINK.findall(prompt))}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]
