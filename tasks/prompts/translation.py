"""Translate words of a prompt into English; the rest stays in place."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from mjproxy.lib.last_answers import Service, note
from mjproxy.lib.process.bulkhead import NoPlace
from mjproxy.lib.web.outside_hosts import AnswerNeeded, answer_to
from tasks.enums import BotType
from tasks.exceptions import Overloaded
from tasks.models import TranslationSettings
from tasks.prompts.asking import (
    ask,
    cache_key,
    failure_of,
    plain,
    remember,
    remembered,
)
from tasks.prompts.links import outside_links
from tasks.prompts.parameters import Prompt, parse
from tasks.prompts.scripts import pattern_of
from tasks.prompts.text import MAX_PROMPT_LENGTH, tidy
from tasks.prompts.translators import TranslationFailed, Translator, chosen
from tasks.snapshots import translation_settings

logger = logging.getLogger(__name__)

# Each piece costs the operator one call.
MAX_PIECES: Final = 8


def translate(prompt: str, bot_type: str = BotType.MID_JOURNEY) -> str:
    """Return the prompt in English, or unchanged if it cannot be translated.

    Words before the parameters and words after `--no` are translated if they are in
    one of the chosen scripts; links and other parameters stay (docs/protocol.md,
    prompts). Calls a service outside of the web threads
    (mjproxy/lib/web/outside_hosts.py), for at most the seconds in the settings. Raises
    Overloaded if too many prompts are being translated.
    """
    settings = translation_settings()
    foreign = pattern_of(settings.scripts)
    if not settings.is_for(bot_type) or not foreign.search(prompt):
        return prompt
    row = TranslationSettings.get_solo()
    try:
        return translated(row, prompt)
    except NoPlace:
        raise Overloaded from None
    except AnswerNeeded:
        raise
    except Exception as exc:
        # A failed translation never fails the task: the prompt is drawn untranslated.
        reason = failure_of(exc)
        logger.warning("a prompt stays untranslated, %s: %s", row.translator, reason)
        return prompt


def translated(row: TranslationSettings, prompt: str, *, anew: bool = False) -> str:
    """Return the prompt in English; `anew` asks even if the answer is remembered.

    Raises TranslationFailed, and what a call to a host outside raises.
    """
    foreign = pattern_of(row.scripts)
    parsed = parse(tidy(prompt))
    pieces = pieces_of(parsed, foreign)
    if not 0 < len(pieces) <= MAX_PIECES:
        return prompt
    english = str(with_translations(parsed, _translations(row, pieces, anew=anew)))
    if len(english) > MAX_PROMPT_LENGTH:
        raise TranslationFailed("an answer that is too long")
    return english


def pieces_of(prompt: Prompt, foreign: re.Pattern[str]) -> list[str]:
    """Return the texts with such letters, each once: words, and words after `--no`."""
    found: dict[str, None] = {}

    def note(piece: str) -> str:
        if foreign.search(piece):
            found[piece.strip()] = None
        return piece

    for text in (prompt.text, *prompt.values("no")):
        outside_links(text, note)
    return list(found)


def with_translations(prompt: Prompt, translations: Mapping[str, str]) -> Prompt:
    """Return a prompt with its pieces translated; its shape stays."""

    def put(piece: str) -> str:
        english = translations.get(piece.strip())
        return piece if english is None else f" {english} "

    def changed(text: str) -> str:
        return " ".join(outside_links(text, put).split())

    parameters = (
        replace(p, value=changed(p.value)) if p.canonical == "no" else p
        for p in prompt.parameters
    )
    return Prompt(changed(prompt.text), tuple(parameters))


def _translations(
    row: TranslationSettings, pieces: list[str], *, anew: bool
) -> dict[str, str]:
    translator = chosen(row)
    if translator is None:
        return {}
    key = cache_key(translator, pieces)
    lines = None if anew else remembered(key)
    if lines is None:
        lines = _asked(row, translator, pieces, key)
        remember(key, lines)
    return dict(zip(pieces, lines, strict=True))


def _asked(
    row: TranslationSettings, translator: Translator, pieces: list[str], key: str
) -> list[str]:
    """Return what the translator says, and note how that went."""
    seconds = row.translator_timeout
    asking = partial(ask, translator, pieces, seconds)
    try:
        lines = [plain(line) for line in answer_to(key, asking, timeout=seconds + 5)]
    except (AnswerNeeded, NoPlace):
        raise
    except Exception as exc:
        note(Service.TRANSLATOR, failure_of(exc), who=row.translator)
        raise
    note(Service.TRANSLATOR, who=row.translator)
    return lines
