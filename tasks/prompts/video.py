"""Add video parameters to the prompt of an imagine (docs/protocol.md, videos)."""

from __future__ import annotations

import re


def as_video(prompt: str, *, motion: str, end: str, batch: int) -> str:
    """Return the prompt with the parameters of a video that it lacks."""
    wanted = [("video", "1"), ("motion", motion), ("end", end)]
    if batch != 4:
        wanted.append(("bs", str(batch)))
    for name, value in wanted:
        if value and not has_parameter(prompt, name):
            prompt = f"{prompt} --{name} {value}"
    return prompt.strip()


def has_parameter(prompt: str, name: str) -> bool:
    return re.search(rf"(?:^|\s)--{name}(?:\s|$)", prompt, re.IGNORECASE) is not None
