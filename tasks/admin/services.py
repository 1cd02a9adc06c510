"""Services outside on the first page of the admin: the last answer of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypedDict

from django.urls import reverse
from django.utils import timezone

from accounts.models import MailSettings
from mjproxy.lib.last_answers import LastAnswer, Service, last_answers
from tasks.enums import StorageKind, TranslateWay
from tasks.models import StorageSettings, SwapSettings, TranslationSettings


class Shown(TypedDict):
    """A service with its state in words, and the page of its settings."""

    name: str
    words: str
    said: str
    colour: str
    address: str


class _Kind(NamedTuple):
    name: str
    model: Any
    is_on: Callable[[Any], bool]


_KINDS: Final[Mapping[Service, _Kind]] = {
    Service.TRANSLATOR: _Kind(
        "Translator",
        TranslationSettings,
        lambda row: row.translator != TranslateWay.NONE,
    ),
    Service.STORAGE: _Kind(
        "Storage", StorageSettings, lambda row: row.kind == StorageKind.BUCKET
    ),
    Service.SWAPS: _Kind(
        "Face swap", SwapSettings, lambda row: row.enabled or row.video_enabled
    ),
    Service.MAIL: _Kind("Mail server", MailSettings, lambda row: row.is_on),
}


def services() -> list[Shown]:
    """Return each service with its last answer."""
    answers = last_answers()
    return [_shown(kind, answers.get(service)) for service, kind in _KINDS.items()]


def in_words(answer: LastAnswer | None) -> str:
    """Return when a service answered last, and how."""
    if answer is None:
        return "None yet."
    moment = f"{timezone.localtime(answer.at):%Y-%m-%d %H:%M:%S}"
    who = f", {TranslateWay(answer.who).label}" if answer.who else ""
    how = f"failed: {answer.failure}" if answer.failure else "well"
    return f"{moment}{who}: {how}."


def _shown(kind: _Kind, answer: LastAnswer | None) -> Shown:
    if not kind.is_on(kind.model.get_solo()):
        words, colour = "Off", ""
    elif answer is None:
        words, colour = "Not asked yet", "info"
    else:
        words, colour = ("Failed", "danger") if answer.failure else ("Well", "success")
    page = f"admin:{kind.model._meta.app_label}_{kind.model._meta.model_name}_change"
    return {
        "name": kind.name,
        "words": words,
        "said": in_words(answer),
        "colour": colour,
        "address": reverse(page, args=[kind.model.singleton_instance_id]),
    }
