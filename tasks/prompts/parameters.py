"""Parse the parameters of a prompt, `--name value`, and join them again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ALIASES: Final[Mapping[str, str]] = {
    "aspect": "ar",
    "stylize": "s",
    "version": "v",
    "quality": "q",
    "chaos": "c",
    "weird": "w",
    "repeat": "r",
    "profile": "p",
    "personalize": "p",
}
SPEEDS: Final = frozenset({"fast", "relax", "turbo"})
_OTHERS: Final = """
    ar s v q c w r p iw no niji seed sameseed stop style tile raw hd test testp creative
    uplight upbeta upanime video motion loop end bs zoom stealth public
    cref cw sref sw sv oref ow dref dw exp draft
"""
# Names that Midjourney documents. They only decide how a wrong dash is read: an unknown
# parameter stays as it is.
KNOWN: Final = frozenset(_OTHERS.split()).union(SPEEDS, ALIASES)
# Shortest names of the parameters without a value; NUMBERS below take a number.
_FLAGS: Final = """
    tile raw hd test testp creative uplight upbeta upanime video loop stealth public
    draft
"""
FLAGS: Final = SPEEDS.union(_FLAGS.split())
_NUMBERS: Final = "s v q c w r iw seed sameseed stop bs zoom cw sw sv ow dw exp"
NUMBERS: Final = frozenset(_NUMBERS.split())

_NAME: Final = re.compile(r"(?<!\S)--(?=[A-Za-z])(\S+)")


def canonical(name: str) -> str:
    """Return the shortest name with the same meaning, in lower case."""
    return ALIASES.get(name.lower(), name.lower())


@dataclass(frozen=True)
class Parameter:
    name: str  # as written, without dashes
    value: str = ""

    @property
    def canonical(self) -> str:
        """The shortest name with the same meaning, in lower case."""
        return canonical(self.name)

    def __str__(self) -> str:
        return f"--{self.name} {self.value}".rstrip()


@dataclass(frozen=True)
class Prompt:
    """A parsed prompt; `str()` joins it again."""

    text: str  # with its links
    parameters: tuple[Parameter, ...] = ()

    def __str__(self) -> str:
        return " ".join([*filter(None, [self.text]), *map(str, self.parameters)])

    def values(self, canonical: str) -> list[str]:
        """Return the values of the parameters of this canonical name, in order."""
        return [p.value for p in self.parameters if p.canonical == canonical]


def parse(prompt: str) -> Prompt:
    """Parse a prompt. Only superfluous blanks are lost.

    A value ends at the next parameter, so the value of `--no` may contain blanks.
    """
    text, *rest = _NAME.split(" ".join(prompt.split()))
    pairs = zip(rest[::2], rest[1::2], strict=True)
    parameters = (Parameter(name, value.strip()) for name, value in pairs)
    return Prompt(text.strip(), tuple(parameters))
