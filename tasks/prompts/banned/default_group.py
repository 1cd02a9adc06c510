"""The group of banned words that a new installation begins with.

Few words that Midjourney refuses in any picture. docs/operations.md says how to change
them. Words that are common in harmless prompts, such as "blood", are not among them.
Neither are Chinese ones that other words make side by side, such as 性交 in 女性交谈.
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
    self-harm
    裸体
    裸體
    色情
    强奸
    強姦
    血腥
    自杀
    自殺
"""
ALLOWED: Final = """
    suicide prevention
    suicide squad
    gore-tex
    gore tex
    al gore
    rape flower
    rape flowers
    rape blossom
    rape blossoms
    rape field
    rape fields
    nude color
    nude colour
    nude colors
    nude colours
    nude tone
    nude tones
    nude lip
    nude lips
    nude lipstick
    nude makeup
    nude palette
    nude heels
    nude pink
    nude beige
    naked eye
    naked eyes
    naked cake
    naked cakes
    naked mole rat
    naked mole rats
    色情人节
    色情侣
    色情书
    色情調
    色情调
    色情绪
    色情緒
    色情怀
    血腥玛丽
    血腥瑪麗
    自杀小队
    自杀突击队
    预防自杀
    自杀预防
    自殺突擊隊
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
