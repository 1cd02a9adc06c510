"""Values that an event writes to a task, by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict


class TaskChanges(TypedDict, total=False):
    """Columns of a task; those that are missing keep their value."""

    action: str
    buttons: Sequence[Mapping[str, object]]
    cancel_next_at: datetime | None
    cancel_presses: int
    deadline_at: datetime
    delivery: str
    description: str
    final_prompt: str
    interaction_id: str | None
    job_id: str | None
    matched_by: str
    message_content: str
    message_flags: int
    message_id: str | None
    mode: str
    picture_height: int | None
    picture_source: str
    picture_type: str
    picture_width: int | None
    preview_source: str
    progress: int
    progress_message_id: str
    prompt: str
    prompt_en: str
    removed_at: datetime | None
    shown_job_id: str
    started_at: datetime
    texts: list[str]
    waiting_reason: str
    window: str
    window_field: str
    window_id: str
