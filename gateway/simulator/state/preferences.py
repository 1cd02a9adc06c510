"""Preferences: a user's choices with one of the bots."""

from dataclasses import dataclass, field


@dataclass
class Preferences:
    """One account's choices with one bot; None stands for the knob's value."""

    remix: bool | None = None
    version: str | None = None
    raw: bool = False
    personalization: bool = False
    stylize: int = 100
    high_variation: bool = True
    auto_dm: bool = False
    options: dict[str, str] = field(default_factory=dict)
