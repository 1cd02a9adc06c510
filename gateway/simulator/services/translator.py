"""Answer as a translator with DeepL's HTTP API, from a small dictionary."""

from collections.abc import Callable

from aiohttp import web

from gateway.simulator.http.access import Handler
from gateway.simulator.http.answers import answer
from gateway.simulator.http.bodies import json_object
from gateway.simulator.services.dictionary import to_chinese, to_english

PATH = "/deepl/v2/translate"
KEY = "simulated-deepl-key"
MOST_TEXTS = 50  # of one request, as at DeepL
LANGUAGES: dict[str, tuple[str, Callable[[str], str]]] = {
    "EN": ("ZH", to_english),
    "ZH": ("EN", to_chinese),
}


class Translator:
    """A translator between Chinese and English."""

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {f"POST {PATH}": self.translate}

    async def translate(self, request: web.Request) -> web.StreamResponse:
        """Translate each text of the list."""
        if request.headers.get("Authorization") != f"DeepL-Auth-Key {KEY}":
            return answer({"message": "Wrong key"}, 403)
        sent = await json_object(request)
        texts = _texts_of(sent.get("text"))
        target = str(sent.get("target_lang", "")).partition("-")[0].upper()
        if texts is None:
            return answer({"message": "Parameter 'text' is not valid."}, 400)
        if target not in LANGUAGES:
            return answer({"message": "Value for 'target_lang' not supported."}, 400)
        source, translated = LANGUAGES[target]
        rows = [
            {"detected_source_language": source, "text": translated(text)}
            for text in texts
        ]
        return answer({"translations": rows})


def _texts_of(found: object) -> list[str] | None:
    """Return the texts to translate, or None if they are no list of texts."""
    if not isinstance(found, list) or not 0 < len(found) <= MOST_TEXTS:
        return None
    return found if all(isinstance(text, str) for text in found) else None
