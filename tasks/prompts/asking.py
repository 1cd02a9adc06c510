"""Ask a translator, and remember its answers in the cache."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from typing import Final

import aiohttp
from django.core.cache import cache

from mjproxy.lib.safe_http.client import USER_AGENT, reason_of
from mjproxy.lib.safe_http.resolver import Resolver
from tasks.prompts.dashes import DASHES
from tasks.prompts.links import LINK
from tasks.prompts.translators import Target, TranslationFailed, Translator

logger = logging.getLogger(__name__)

CACHE_SECONDS: Final = 24 * 3600
CONNECT_SECONDS: Final = 5
# Dashes that could begin a parameter which the prompt does not have.
_DASHES: Final = re.compile(rf"(?<!\S)[{DASHES}]+|[{DASHES}]{{2,}}")


async def ask(
    translator: Translator,
    pieces: list[str],
    seconds: float,
    target: Target = Target.ENGLISH,
) -> list[str]:
    """Return the translation of each piece, within some seconds."""
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
        return await translator.translate(session, pieces, target)


def plain(text: str) -> str:
    """Return text in one line, without links and dashes.

    Raises TranslationFailed if nothing is left.
    """
    text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(_DASHES.sub(" ", LINK.sub(" ", text)).split())
    if not text:
        raise TranslationFailed("an empty answer")
    return text


def failure_of(exc: Exception) -> str:
    """Return why a translation failed, without prompt, address and key."""
    return str(exc) if isinstance(exc, TranslationFailed) else reason_of(exc)


def cache_key(
    translator: Translator, pieces: list[str], target: Target = Target.ENGLISH
) -> str:
    """Return the key under which the translations of pieces are remembered."""
    text = json.dumps([repr(translator), target, *pieces])
    return f"translation:{hashlib.sha256(text.encode()).hexdigest()}"


def remembered(key: str) -> list[str] | None:
    """Return remembered translations, or None."""
    try:
        found: list[str] | None = cache.get(key)
    except Exception as exc:
        logger.warning("translations are not remembered: %s", exc)
        return None
    return found


def remember(key: str, lines: list[str]) -> None:
    """Remember translations for a day."""
    try:
        cache.set(key, lines, CACHE_SECONDS)
    except Exception as exc:
        logger.warning("translations are not remembered: %s", exc)
