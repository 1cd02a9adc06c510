"""Processor time of the search for banned words: many terms, the longest prompts.

Also a program: `python -m tests.bench.words` prints its figures as JSON, in
milliseconds.
"""

from __future__ import annotations

import json
import random
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from tasks.prompts.banned.matcher import Matcher
from tests.bench.figures import percentiles

PROMPTS: Final = 200
LENGTH: Final = 8192
TERMS: Final = (10_000, 100_000)
_CHINESE: Final = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]


def measure() -> dict[str, Any]:
    """Return the figures of each number of terms, measured in a new process."""
    command = [sys.executable, "-m", "tests.bench.words"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, Any] = json.loads(said)
    return figures


def main() -> None:
    print(json.dumps(dict(_figures()), indent=2))  # noqa: T201


def _figures() -> Iterator[tuple[str, dict[str, Any]]]:
    chance = random.Random(1)
    for count in TERMS:
        terms = {_word(chance, string.ascii_lowercase) for _ in range(count)}
        terms |= {_word(chance, _CHINESE) for _ in range(count // 10)}
        began = time.thread_time()
        matcher = Matcher(dict.fromkeys(terms, "bench"))
        built = round((time.thread_time() - began) * 1e3)
        kinds = {
            "english": (string.ascii_lowercase, " "),
            "accents": (string.ascii_lowercase + "éüñå", " "),
            "chinese": (_CHINESE, "，"),
        }
        figures = {
            kind: _timed(matcher, [_prompt(chance, *made) for _ in range(PROMPTS)])
            for kind, made in kinds.items()
        }
        yield str(count), {"built": built, **figures}


def _word(chance: random.Random, letters: Any) -> str:
    return "".join(chance.choices(letters, k=chance.randint(4, 10)))


def _prompt(chance: random.Random, letters: Any, blank: str) -> str:
    words = (_word(chance, letters) for _ in range(LENGTH // 4))
    return blank.join(words)[:LENGTH]


def _timed(matcher: Matcher, prompts: list[str]) -> dict[str, Any]:
    matcher.first(prompts[0])  # its characters are known from now on
    taken = []
    for prompt in prompts:
        began = time.thread_time()
        matcher.first(prompt)
        taken.append(time.thread_time() - began)
    return percentiles(taken)


if __name__ == "__main__":
    main()
