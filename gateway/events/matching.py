"""Match an event to a task: by identity, and by text only as a last resort.

The keys, strongest first (docs/protocol.md, matching): nonce, interaction id, message
id, job uuid, parent message with action and index, the prompt's words.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, islice
from typing import Final

from django.db.models import Q, QuerySet

from gateway.protocol.messages import Message
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.ids import DISCORD_EPOCH_MS
from tasks import custom_ids
from tasks.enums import RUNNING, TaskAction
from tasks.models import Task
from tasks.prompts import text

logger = logging.getLogger(__name__)

# A message that is older than the task by more than this is not the task's.
CLOCK_SKEW: Final = timedelta(minutes=3)

# Verbs in results of actions; imagine, reroll and blend have none.
_VERBS: Final = {
    TaskAction.VARIATION: ("Variations", "Remix"),
    TaskAction.PAN: ("Pan",),
    TaskAction.INPAINT: ("Variations", "Remix"),
    TaskAction.ACTION: ("Upscal", "Zoom", "Remaster"),
}
_IN_PLACE: Final = frozenset({TaskAction.DESCRIBE, TaskAction.SHORTEN})
_BY_TEXT: Final = frozenset({TaskAction.IMAGINE, TaskAction.BLEND, TaskAction.VIDEO})


@dataclass(frozen=True)
class Match:
    task: Task
    by: str


_by_nonce: Final = CompiledQuery[Task](
    lambda account, nonce: Task.objects.filter(account_id=account, nonce=nonce),
    values=2,
)


def by_nonce(account_id: int, nonce: str) -> Task | None:
    return next(iter(_by_nonce(account_id, nonce)), None) if nonce else None


@cache
def _by_keys(
    messages: int, nonces: int, interactions: int, jobs: int
) -> CompiledQuery[Task]:
    """Return the query for these numbers of keys; it runs with every event."""

    def build(account: int, *keys: str) -> QuerySet[Task]:
        given = iter(keys)
        ids = list(islice(given, messages))
        wanted = Q(progress_message_id__in=ids) | Q(message_id=ids[0])
        for nonce in islice(given, nonces):
            wanted |= Q(nonce=nonce)
        if found := list(islice(given, interactions)):
            wanted |= Q(interaction_id__in=found) | Q(window_interaction_id__in=found)
        for job in islice(given, jobs):
            wanted |= Q(job_id=job) | Q(shown_job_id=job, status__in=RUNNING)
        return Task.objects.filter(wanted, account_id=account)

    count = messages + nonces + interactions + jobs
    return CompiledQuery(build, values=1 + count)


def by_identity(account_id: int, message: Message) -> Match | None:
    """Return the task that a key of the message names, open or over."""
    ids = [message.id, message.original_id] if message.original_id else [message.id]
    nonces = [message.nonce] if message.nonce else []
    jobs = [message.job_id] if message.job_id else []
    parts = (ids, nonces, message.interaction_ids, jobs)
    look_up = _by_keys(*map(len, parts))
    found = look_up(account_id, *chain.from_iterable(parts))
    keys = (
        ("nonce", lambda t: bool(message.nonce) and t.nonce == message.nonce),
        ("interaction", lambda t: t.interaction_id in message.interaction_ids),
        ("interaction", lambda t: t.window_interaction_id in message.interaction_ids),
        ("message", lambda t: t.progress_message_id in ids),
        ("message", lambda t: t.message_id == message.id),
        ("shown", lambda t: bool(message.job_id) and t.shown_job_id == message.job_id),
        ("job", lambda t: bool(message.job_id) and t.job_id == message.job_id),
    )
    for name, fits in keys:
        for task in found:
            if fits(task):
                return Match(task, name)
    return None


def by_edit(account_id: int, message: Message) -> Match | None:
    """Return the running task whose button Midjourney answers by this edit.

    The second description of a picture replaces the first one in place.
    """
    pressed = Task.objects.filter(
        account_id=account_id,
        status__in=RUNNING,
        parent_message_id=message.id,
        action__in=_IN_PLACE,
    )
    task = pressed.first()
    return Match(task, "edit") if task else None


def by_reference(account_id: int, message: Message) -> Match | None:
    """Return the one running task whose button is on the replied-to message.

    An error reply may refer to the progress message itself.
    """
    if not message.reference_id:
        return None
    running = Task.objects.filter(account_id=account_id, status__in=RUNNING)
    owner = running.filter(progress_message_id=message.reference_id).first()
    if owner:
        return Match(owner, "reference")
    pressed = running.filter(parent_message_id=message.reference_id)
    fitting = [t for t in pressed if _fits(t, message) and _free(t, message)]
    return Match(fitting[0], "reference") if len(fitting) == 1 else None


def by_text(
    account_id: int, user_id: str, message: Message, *, bot_type: str
) -> Match | None:
    """Return the one running task whose prompt has these words; None if two have."""
    said = message.content
    if said is None or said.verb or said.index or said.user_id != user_id:
        return None
    if message.reference_id:
        return None
    running = Task.objects.filter(
        account_id=account_id,
        status__in=RUNNING,
        bot_type=bot_type,
        action__in=_BY_TEXT,
        echo_key=text.echo_key(said.prompt),
        channel_id__in=(message.channel_id, ""),
    )
    sent = message_time(message.id)
    fitting = [
        task
        for task in running[:3]
        if _free(task, message)
        and task.claimed_at is not None
        and sent > task.claimed_at - CLOCK_SKEW
    ]
    return Match(fitting[0], "text") if len(fitting) == 1 else None


def _free(task: Task, message: Message) -> bool:
    """Return whether the message contradicts no known key of the task."""
    if task.job_id and message.job_id and task.job_id != message.job_id:
        return False
    ours = {task.interaction_id, task.window_interaction_id} - {None}
    theirs = set(message.interaction_ids)
    return not ours or not theirs or bool(ours & theirs)


def _fits(task: Task, message: Message) -> bool:
    """Return whether the message's text fits the result of the pressed button."""
    said = message.content
    if said is None:
        return True  # a notice, or an answer that is still being filled
    button = custom_ids.parse(task.custom_id)
    if task.action == TaskAction.UPSCALE:
        return said.index is not None and (button is None or said.index == button.index)
    if said.index is not None:
        return False
    if verbs := _VERBS.get(TaskAction(task.action)):
        return said.verb.startswith(verbs)
    return True


def message_time(message_id: str) -> datetime:
    """Return the time in a snowflake."""
    try:
        ms = (int(message_id) >> 22) + DISCORD_EPOCH_MS
        return datetime.fromtimestamp(ms / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.now(tz=UTC)


def snowflake_at(moment: datetime) -> str:
    """Return the smallest snowflake of a moment, for reading history after it."""
    ms = int(moment.timestamp() * 1000) - DISCORD_EPOCH_MS
    return str(max(ms, 0) << 22)


def moment_of(snowflake: int) -> datetime | None:
    """Return the moment in a snowflake, or None for another number."""
    if not 0 < snowflake < 2**63:
        return None
    seconds = ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000
    return datetime.fromtimestamp(seconds, tz=UTC)
