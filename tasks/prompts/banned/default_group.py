"""The group of banned words that a new installation begins with.

Few words that Midjourney refuses in any picture. docs/operations.md says how to change
them. Words that are common in harmless prompts, such as "blood", are not among them.
"""

from __future__ import annotations

from typing import Final

from tasks.models import BannedWordGroup
from tasks.models.word import DEFAULT_GROUP

NAME: Final = "Default"
TERMS: Final = """
    nsfw
    nude
    nudes
    nudity
    naked
    topless
    porn
    porno
    pornography
    pornographic
    hentai
    xxx
    erotic
    erotica
    genitals
    penis
    vagina
    nipples
    orgasm
    blowjob
    masturbation
    bdsm
    incest
    rape
    bestiality
    pedophilia
    pedophile
    child abuse
    gore
    beheading
    decapitated
    dismemberment
    disembowelment
    mutilated corpse
    suicide
    self harm
    裸体
    色情
    性交
    强奸
    血腥
    自杀
"""
ALLOWED: Final = """
    suicide prevention
"""


def ensure_default_group() -> None:
    """Write the default group, unless it is there."""
    BannedWordGroup.objects.get_or_create(
        pk=DEFAULT_GROUP,
        defaults={
            "name": NAME,
            "keywords": _lines(TERMS),
            "allowed": _lines(ALLOWED),
            "description": "Written at the first start; change it as you like.",
        },
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
