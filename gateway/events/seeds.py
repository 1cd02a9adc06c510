"""Read seeds from direct messages with the bot (docs/protocol.md)."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from django.db import transaction

from gateway.nudges import enqueue_errand
from gateway.protocol.messages import Message
from tasks.errands import note_seed, note_seed_message
from tasks.models import Task

_JOB: Final = re.compile(r"\*\*Job ID\*\*:?\s*([0-9a-fA-F-]{36})")
_SEED: Final = re.compile(r"\*\*seed\*\*:?\s*(\d{1,20})", re.IGNORECASE)


def heard(account_id: int, message: Message) -> None:
    """Read a job's seed from a direct message, or the message where to ask for it.

    Direct messages have no other effect: none of them ends a task.
    """
    job, seed = _JOB.search(message.text), _SEED.search(message.text)
    if job and seed:
        if task := _task(account_id, job[1]):
            note_seed(task, seed[1])
        return
    if message.job_id and message.attachment:
        task = _task(account_id, message.job_id)
        for errand_id in note_seed_message(task, message.id) if task else ():
            transaction.on_commit(partial(enqueue_errand, errand_id))


def _task(account_id: int, job_id: str) -> Task | None:
    rows = Task.objects.filter(account_id=account_id, job_id=job_id.lower())
    return rows.first()
