"""Translate the final prompt of a task back, for users who write Chinese.

It is only shown, as `finalZhPrompt`, and nothing waits for it. A try whose nudge was
lost, or whose translator failed, is made again a few times within the hour after the
end of the task. Then it stays empty.
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from mjproxy.lib.db.claim import claim, due
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.ids import first_task_id_of
from mjproxy.lib.last_answers import Service, note
from tasks.enums import Script, TaskStatus
from tasks.models import Task, TranslationSettings
from tasks.prompts.asking import (
    ask,
    cache_key,
    failure_of,
    plain,
    remember,
    remembered,
)
from tasks.prompts.parameters import parse
from tasks.prompts.scripts import is_only_chinese, pattern_of
from tasks.prompts.translation import pieces_of, with_translations
from tasks.prompts.translators import Target, chosen
from tasks.services import tell_changed
from tasks.snapshots import translation_settings

logger = logging.getLogger(__name__)

AT_ONCE: Final = 4  # questions of one worker
# The answer of shorten has a text on each of some lines.
MAX_PIECES: Final = 24
# Time from the start of each try to the next one, longer than a question may take.
TRY_AGAIN: Final = tuple(timedelta(minutes=each) for each in (2, 10, 30))
WORTH_TRYING: Final = timedelta(hours=1)  # from the end of the task
_LONGEST_LIFE: Final = timedelta(days=2)  # of a task, from its submit to its end
_LATIN_WORD: Final = re.compile(r"[A-Za-z]{2}")
_places: Final = asyncio.Semaphore(AT_ONCE)
_under_way: Final[set[int]] = set()  # tasks that this process translates


def wants_back(task: Task) -> bool:
    """Tell whether a task is to have its final prompt in Chinese, and has not yet.

    The language of a user is that of the prompt.
    """
    return bool(
        task.status == TaskStatus.SUCCESS
        and task.final_prompt
        and not task.final_prompt_zh
        and translation_settings().is_back_for(task.bot_type)
        and pattern_of([Script.CHINESE]).search(task.prompt)
        and is_only_chinese(task.prompt)
    )


def to_translate(limit: int = 100) -> list[int]:
    """Return tasks that ended lately, and are due for a try.

    Those that want no translation are noted, so that each is looked at once.
    """
    if not translation_settings().back_to_chinese:
        return []
    now = timezone.now()
    rows = _not_yet().filter(
        due("back_next_at", now),
        pk__gte=first_task_id_of(now - WORTH_TRYING - _LONGEST_LIFE),
        finished_at__gte=now - WORTH_TRYING,
        back_tries__lt=len(TRY_AGAIN),
    )
    found = list(rows.order_by("pk")[:limit])
    wanted = {task.pk for task in found if wants_back(task)}
    _give_up([task.pk for task in found if task.pk not in wanted])
    return sorted(wanted)


async def translate_back(task_id: int) -> None:
    """Write the final prompt of a task in Chinese, if that is still to be done."""
    if task_id in _under_way:
        return
    _under_way.add(task_id)
    try:
        async with _places:
            await _try(task_id)
    finally:
        _under_way.discard(task_id)


async def _try(task_id: int) -> None:
    found = await in_thread(_claimed, task_id)
    if found is None:
        return
    task, row = found
    try:
        words = await _in_chinese(row, task.final_prompt)
    except Exception as exc:
        reason = failure_of(exc)
        logger.warning("task %s: no prompt in Chinese: %s", task_id, reason)
        await in_thread(note, Service.TRANSLATOR, reason, who=row.translator)
        return
    if words:
        await in_thread(_write, task, words)
    else:
        await in_thread(_give_up, [task_id])


def _claimed(task_id: int) -> tuple[Task, TranslationSettings] | None:
    """Begin a try; None if none is due."""
    task = Task.objects.filter(pk=task_id).first()
    if task is None or not wants_back(task) or task.back_tries >= len(TRY_AGAIN):
        return None
    row = TranslationSettings.objects.defer(None).first()
    tries = task.back_tries
    rows = _not_yet().filter(pk=task_id, back_tries=tries)
    if row is None or not claim(
        rows, "back_next_at", TRY_AGAIN[tries], back_tries=tries + 1
    ):
        return None
    return task, row


def _not_yet() -> QuerySet[Task]:
    rows = Task.objects.filter(status=TaskStatus.SUCCESS, final_prompt_zh="")
    return rows.exclude(final_prompt="")


def _give_up(task_ids: list[int]) -> None:
    if task_ids:
        _not_yet().filter(pk__in=task_ids).update(back_tries=len(TRY_AGAIN))


async def _in_chinese(row: TranslationSettings, text: str) -> str:
    """Return a prompt, or the lines of an answer, in Chinese; "" without words."""
    lines = [parse(line) for line in text.splitlines()]
    pieces = list(
        dict.fromkeys(piece for line in lines for piece in pieces_of(line, _LATIN_WORD))
    )
    translator = chosen(row)
    if translator is None or not 0 < len(pieces) <= MAX_PIECES:
        return ""
    key = cache_key(translator, pieces, Target.CHINESE)
    known = await in_thread(remembered, key)
    if known is None:
        said = await ask(translator, pieces, row.translator_timeout, Target.CHINESE)
        known = [plain(line) for line in said]
        await in_thread(remember, key, known)
        await in_thread(note, Service.TRANSLATOR, who=row.translator)
    words = dict(zip(pieces, known, strict=True))
    return "\n".join(str(with_translations(line, words)) for line in lines)


def _write(task: Task, words: str) -> None:
    with transaction.atomic():
        rows = Task.objects.filter(
            pk=task.pk, final_prompt=task.final_prompt, final_prompt_zh=""
        )
        if rows.update(final_prompt_zh=words, revision=F("revision") + 1):
            tell_changed(Task.objects.get(pk=task.pk))
