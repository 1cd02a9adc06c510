"""Search a million tasks, for the operators' table."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final, TypedDict

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.enums import SpeedMode
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from mjproxy.lib.ids import first_task_id_of
from tasks.models import Task

# Text is searched in this many newest tasks; ids are found at any age.
NEWEST_FOR_TEXT: Final = 20_000
_HELD: Final = {
    "failReason": ("fail_reason",),
    "description": ("description", "prompt", "prompt_en"),
}


def oldest_for_text(before: int | None = None) -> int:
    """Return the id above which text is searched; 0 if all older tasks are.

    `before`: the search begins below this id, else at the newest task.
    """
    edge = Task.objects.order_by("-pk").values_list("pk", flat=True)
    if before is not None:
        edge = edge.filter(pk__lt=before)
    return edge[NEWEST_FOR_TEXT : NEWEST_FOR_TEXT + 1].first() or 0


class TaskSearch(TypedDict, total=False):
    """Members of a search, as an operator's table sends them."""

    id: str
    instanceId: str
    status: str
    action: str
    mode: str
    failReason: str
    description: str
    userId: str
    submitTimeStart: date | None
    submitTimeEnd: date | None


def find_tasks(search: TaskSearch, *, by_private: bool = True) -> QuerySet[Task]:
    """Return the tasks that match all members of a search, newest first.

    `by_private`: what visitors do not see is compared too. Raises InvalidField for a
    user that does not exist.
    """
    rows = Task.objects.order_by("-pk")
    texts = {name: str(value).strip() for name, value in search.items() if value}
    if name := texts.get("id"):
        rows = rows.filter(_named(name, by_private=by_private))
    for member, columns in _HELD.items():
        if text := texts.get(member):
            rows = rows.filter(_holding(columns, text))
    if channel := texts.get("instanceId"):
        rows = rows.filter(account__in=_ids_of_channel(channel))
    if user := texts.get("userId"):
        rows = rows.filter(owner=_user(user, by_private=by_private))
    for member in ("status", "action"):
        if word := texts.get(member):
            rows = rows.filter(**{member: word})
    if mode := texts.get("mode"):
        # A task without a requested speed is drawn fast.
        rows = rows.filter(mode__in=[mode, ""] if mode == SpeedMode.FAST else [mode])
    return _between(rows, search.get("submitTimeStart"), search.get("submitTimeEnd"))


def _named(name: str, *, by_private: bool) -> Q:
    """Match the id of a task, or the `state` that its client set."""
    found = Q(pk=None)  # no task
    if by_private:
        found = _holding(("client_state",), name, look="exact")
    is_id = name.isascii() and name.isdigit() and int(name[:20]) < 1 << 63
    return found | Q(pk=int(name)) if is_id and len(name) < 20 else found


def _holding(columns: tuple[str, ...], text: str, look: str = "icontains") -> Q:
    found = Q()
    for column in columns:
        found |= Q(**{f"{column}__{look}": text})
    return found & Q(pk__gt=oldest_for_text())


def _ids_of_channel(channel: str) -> list[int]:
    rows = DiscordAccount.objects.filter(channel_id=channel)
    return list(rows.values_list("pk", flat=True))


def _user(text: str, *, by_private: bool) -> int:
    """Return the row id of a user by id, name or mail address."""
    found = Q(username=text)
    if by_private:
        found |= Q(email__iexact=text)
    if text.isascii() and text.isdigit() and len(text) < 16:
        found |= Q(pk=int(text))
    users = User.objects.filter(found).order_by("pk")
    if (user := users.values_list("pk", flat=True).first()) is None:
        raise InvalidField("用户不存在", "User does not exist")
    return user


def _between(
    rows: QuerySet[Task], first: date | None, last: date | None
) -> QuerySet[Task]:
    """Filter by days, as a range of ids: an id begins with its time."""
    if first:
        rows = rows.filter(pk__gte=first_task_id_of(_midnight(first)))
    if last and last < date.max:
        rows = rows.filter(pk__lt=first_task_id_of(_midnight(last + timedelta(days=1))))
    return rows


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
