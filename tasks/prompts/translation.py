"""Translate the Chinese words of a prompt into English; the rest stays in place."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import aiohttp
from django.core.cache import cache

from mjproxy.lib.process.bulkhead import NoPlace
from mjproxy.lib.safe_http.client import USER_AGENT, reason_of
from mjproxy.lib.safe_http.resolver import Resolver
from mjproxy.lib.web.outside_hosts import AnswerNeeded, answer_to
from tasks.enums import TranslateWay
from tasks.exceptions import Overloaded
from tasks.models import DrawingSettings
from tasks.prompts.dashes import DASHES
from tasks.prompts.links import LINK, outside_links
from tasks.prompts.parameters import Prompt, parse
from tasks.prompts.text import MAX_PROMPT_LENGTH, tidy
from tasks.prompts.translators import TranslationFailed, Translator, chosen
from tasks.snapshots import drawing_settings

logger = logging.getLogger(__name__)

CACHE_SECONDS: Final = 24 * 3600
CONNECT_SECONDS: Final = 5
# Each piece costs the operator one call.
MAX_PIECES: Final = 8
_CHINESE: Final = re.compile("[一-龥㐀-䶿]")
# Dashes that could begin a parameter which the prompt does not have.
_DASHES: Final = re.compile(rf"(?<!\S)[{DASHES}]+|[{DASHES}]{{2,}}")


def translate(prompt: str) -> str:
    """Return the prompt in English, or unchanged if it cannot be translated.

    Words before the parameters and words after `--no` are translated; links and other
    parameters stay (docs/protocol.md, prompts). Calls a service outside of the web
    threads (mjproxy/lib/web/outside_hosts.py), for at most the seconds in the drawing
    settings. Raises Overloaded if too many prompts are being translated.
    """
    if not _CHINESE.search(prompt):
        return prompt
    if drawing_settings().translator == TranslateWay.NONE:
        return prompt
    row = DrawingSettings.get_solo()
    parsed = parse(tidy(prompt))
    pieces = _pieces(parsed)
    if not 0 < len(pieces) <= MAX_PIECES:
        return prompt
    try:
        english = str(_with(parsed, _translations(row, pieces)))
        if len(english) > MAX_PROMPT_LENGTH:
            raise TranslationFailed("an answer that is too long")
    except NoPlace:
        raise Overloaded from None
    except AnswerNeeded:
        raise
    except Exception as exc:
        # A failed translation never fails the task: the prompt is drawn untranslated.
        reason = str(exc) if isinstance(exc, TranslationFailed) else reason_of(exc)
        logger.warning("a prompt stays untranslated, %s: %s", row.translator, reason)
        return prompt
    return english


def _pieces(prompt: Prompt) -> list[str]:
    """Return the texts to translate, each once."""
    found: dict[str, None] = {}

    def note(piece: str) -> str:
        if _CHINESE.search(piece):
            found[piece.strip()] = None
        return piece

    for text in (prompt.text, *prompt.values("no")):
        outside_links(text, note)
    return list(found)


def _with(prompt: Prompt, translations: Mapping[str, str]) -> Prompt:
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


def _translations(row: DrawingSettings, pieces: list[str]) -> dict[str, str]:
    translator = chosen(row)
    if translator is None:
        return {}
    key = _cache_key(translator, pieces)
    lines = _remembered(key)
    if lines is None:
        seconds = row.translator_timeout
        ask = partial(_ask, translator, pieces, seconds)
        lines = [_plain(line) for line in answer_to(key, ask, timeout=seconds + 5)]
        _remember(key, lines)
    return dict(zip(pieces, lines, strict=True))


async def _ask(translator: Translator, pieces: list[str], seconds: float) -> list[str]:
    async with (
        asyncio.timeout(seconds),
        aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            connector=aiohttp.TCPConnector(resolver=Resolver()),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        ) as session,
    ):
        return await translator.translate(session, pieces)


def _plain(text: str) -> str:
    """Return text in one line, without links and dashes.

    Raises TranslationFailed if nothing is left.
    """
    text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(_DASHES.sub(" ", LINK.sub(" ", text)).split())
    if not text:
        raise TranslationFailed("an empty answer")
    return text


def _cache_key(translator: Translator, pieces: list[str]) -> str:
    text = json.dumps([repr(translator), *pieces])
    return f"translation:{hashlib.sha256(text.encode()).hexdigest()}"


def _remembered(key: str) -> list[str] | None:
    try:
        found: list[str] | None = cache.get(key)
    except Exception as exc:
        logger.warning("translations are not remembered: %s", exc)
        return None
    return found


def _remember(key: str, lines: list[str]) -> None:
    try:
        cache.set(key, lines, CACHE_SECONDS)
    except Exception as exc:
        logger.warning("translations are not remembered: %s", exc)
