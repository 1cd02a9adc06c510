"""RetentionSettings: one row that says how long everything is kept."""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from solo.models import SingletonModel

from mjproxy.lib.validators.number_limits import between

MOST_DAYS: Final = 3650
MOST_TASKS: Final = 1_000_000_000


def _days(name: str, *, default: int, text: str, least: int = 1) -> Any:
    return models.PositiveIntegerField(
        name, default=default, validators=between(least, MOST_DAYS), help_text=text
    )


class RetentionSettings(SingletonModel):
    """How long everything is kept. A job removes what is older every hour."""

    task_days = _days(
        "days to keep tasks",
        default=0,
        least=0,
        text="Finished tasks go with their pictures. 0: for ever.",
    )
    task_count = models.PositiveIntegerField(
        "tasks to keep",
        default=0,
        validators=between(0, MOST_TASKS),
        help_text="Of more, the oldest finished ones go, an hour after their end and "
        "once their webhook was called. 0: all.",
    )
    picture_days = _days(
        "days to keep pictures",
        default=0,
        least=0,
        text="Then the picture goes and its task stays without one. 0: as long as the "
        "task.",
    )
    preview_hours = models.PositiveIntegerField(
        "hours to keep previews",
        default=1,
        validators=between(1, 168),
        help_text="Copies of the previews of open tasks.",
    )
    call_days = _days(
        "days to keep the log of webhook calls",
        default=30,
        text="Calls that are still to be made stay.",
    )
    event_days = _days(
        "days to keep the history of accounts",
        default=90,
        text="The moves of accounts from state to state.",
    )
    mail_days = _days(
        "days to keep mails",
        default=90,
        text="Mails to operators and people, in the lists of this admin.",
    )
    audit_days = _days(
        "days to keep the audit log", default=365, text="A change of it is logged."
    )

    class Meta:
        verbose_name = "retention settings"

    def __str__(self) -> str:
        return "Retention settings"
