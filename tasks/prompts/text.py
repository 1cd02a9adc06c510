"""Prompts as text: the form that is sent, and the keys that compare two of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from typing import Final

from accounts.enums import SpeedMode
from tasks.exceptions import InvalidRequest
from tasks.prompts.dashes import DASHES, mended, with_plain_values
from tasks.prompts.links import LINK, outside_links, unwrapped
from tasks.prompts.parameters import KNOWN, SPEEDS, parse

MAX_PROMPT_LENGTH: Final = 8192

# Midjourney may accept a flag without a blank before it; `--fast-lane` is not a flag.
_SPEED_FLAG: Final = re.compile(
    rf"--(?:{'|'.join(sorted(SPEEDS))})(?!\w|-\w|-*+(?=[^-])[{DASHES}])", re.IGNORECASE
)
# An echo may have two hyphens for a dash between words, so a name without a blank
# before it counts only if it is known.
_PARAMETERS: Final = re.compile(
    rf"(?:^|\s)(?:--|—)[a-zA-Z]|--(?:{'|'.join(sorted(KNOWN))})(?!\w)", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"[0-9]{0,12}\.?[0-9]{1,12}")


def tidy(prompt: str) -> str:
    """Return the prompt on one line with repaired dashes; links stay.

    Dashes that begin a known parameter become `--`, and its value becomes ASCII. Three
    hyphens elsewhere become a blank; a lone `--` is removed.
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
    """Return the prompt to send to the bot (docs/protocol.md, prompts).

    Modes are values of SpeedMode. The account's mode outranks the task's; if the fast
    hours are used up, relax outranks both.
    """
    prompt = with_speed(tidy(unwrapped(prompt_en)), task_mode)
    if allow_modes:
        prompt = without_speed(prompt, but=allow_modes)
    prompt = with_speed(prompt, account_mode)
    return with_speed(prompt, SpeedMode.RELAX if fast_exhausted else "")


def with_speed(prompt: str, mode: str) -> str:
    """Return the prompt with the flag of `mode` instead of any other."""
    if not mode:
        return prompt
    return f"{without_speed(prompt)} --{SpeedMode(mode).lower()}".strip()


def without_speed(prompt: str, *, but: Collection[str] = ()) -> str:
    """Return the tidy prompt without speed flags, except those of the modes `but`."""
    kept = [f"--{mode.lower()}" for mode in but]

    def cut(match: re.Match[str]) -> str:
        return match[0] if match[0].lower() in kept else " "

    return tidy(outside_links(tidy(prompt), lambda text: _SPEED_FLAG.sub(cut, text)))


def speed_in(prompt: str) -> str:
    """Return the speed that the last flag of a prompt names; "" without one."""
    found = _SPEED_FLAG.findall(LINK.sub(" ", tidy(prompt)))
    return found[-1].strip().lstrip("-").upper() if found else ""


def zoomed(prompt: str) -> str:
    """Return the prompt of a custom zoom; the default factor is 2.

    Raises InvalidRequest for a factor that is not above 1 and at most 2.
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
    # A blank after each link, as in the sent prompt, because a parameter may follow the
    # link directly.
    text = LINK.sub("\0 ", tidy(prompt).replace("\0", " "))
    text = _PARAMETERS.split(text, maxsplit=1)[0]
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(
        "<link>" if c == "\0" else c for c in text if c.isalnum() or c == "\0"
    )


def echo_key(prompt: str) -> str:
    """Return the key that compares `prompt` with its echo; never empty.

    For a prompt without words the key counts its links.
    """
    key = words_of(prompt)
    if not key.replace("<link>", ""):
        # Only properties that survive the echo count. The key separates prompts of
        # pictures only within an account; it does not identify them.
        key = f"{key}|links={len(LINK.findall(prompt))}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]
