"""The dashboard of the admin: accounts in trouble, states, counts of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NotRequired, TypedDict

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import states
from accounts.admin.state import STATE_COLOURS, state_words
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.selectors import accounts_for_a_person
from accounts.state.links import path_of_todo
from mjproxy.lib.db.clock import wrong_clocks
from mjproxy.lib.ids import first_task_id_of
from tasks.admin.services import services
from tasks.enums import RUNNING, DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery

MOST: Final = 10_000  # larger counts are shown as a minimum
MOST_NEEDED: Final = 20
_SHOWN: Final = (
    "remark",
    "channel_id",
    "state",
    "state_reason",
    "state_since",
    "resume_at",
)


class Needed(TypedDict):
    """An account that waits for a person."""

    name: str
    words: str
    colour: str
    reason: str
    since: datetime
    todo: str
    address: str


class Number(TypedDict):
    """A number with its words and the page that lists the rows."""

    words: str
    count: int | str
    address: str
    colour: NotRequired[str]


def dashboard(request: HttpRequest, context: Mapping[str, object]) -> dict[str, object]:
    """Add the numbers to the context of the index page."""
    needed, count = _needed()
    return {
        **context,
        "wrong_clocks": wrong_clocks(),
        "needed": needed,
        "more_needed": count - len(needed),
        "states": _states(),
        "numbers": _numbers(),
        "services": services(),
    }


def _needed() -> tuple[list[Needed], int]:
    """Return the accounts that wait longest for a person, and how many wait."""
    rows = accounts_for_a_person()
    shown: list[Needed] = [
        {
            "name": str(account),
            "words": state_words(account.state),
            "colour": STATE_COLOURS[AccountState(account.state)],
            "reason": account.state_reason,
            "since": account.state_since,
            "todo": states.next_step(account),
            "address": path_of_todo(account.pk, account.state),
        }
        for account in rows.only(*_SHOWN)[:MOST_NEEDED]
    ]
    return shown, rows.count() if len(shown) == MOST_NEEDED else len(shown)


def _states() -> list[Number]:
    rows = DiscordAccount.objects.order_by().values_list("state").annotate(Count("pk"))
    counts = dict(rows)
    address = reverse("admin:accounts_discordaccount_changelist")
    return [
        {
            "words": state.label,
            "count": counts[state],
            "colour": STATE_COLOURS.get(state, ""),
            "address": f"{address}?state__exact={state}",
        }
        for state in AccountState
        if counts.get(state)
    ]


def _numbers() -> list[Number]:
    tasks = reverse("admin:tasks_task_changelist")
    hooks = reverse("admin:tasks_webhookdelivery_changelist")
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Task.objects.filter(pk__gte=first_task_id_of(midnight))
    failed = WebhookDelivery.objects.filter(state=DeliveryState.GIVEN_UP)
    return [
        _number(
            "Running",
            Task.objects.filter(status__in=RUNNING),
            f"{tasks}?status__exact={TaskStatus.IN_PROGRESS}",
        ),
        _number(
            "Waiting",
            Task.objects.filter(status=TaskStatus.NOT_START),
            f"{tasks}?status__exact={TaskStatus.NOT_START}",
        ),
        _number("Today", today, tasks),
        _number(
            "Webhooks given up",
            failed,
            f"{hooks}?state__exact={DeliveryState.GIVEN_UP}",
        ),
    ]


def _number(words: str, rows: QuerySet[Any], address: str) -> Number:
    count = rows.order_by().values("pk")[: MOST + 1].count()
    text = f"{count:,}" if count <= MOST else f"{MOST:,}+"
    return {"words": words, "count": text, "address": address}
