"""How many tasks of one user may wait, so that nobody fills all queues."""

from __future__ import annotations

from typing import Final

from accounts.models import PoolSettings
from accounts.prepared import PreparedQuery
from tasks.enums import TaskStatus
from tasks.exceptions import ShareUsedUp
from tasks.models import Task

# Asked by every submit; without a limit there is no row.
_limited: Final = PreparedQuery[PoolSettings](
    lambda pk: PoolSettings.objects.filter(pk=pk, waiting_per_user__gt=0),
    markers=(-1,),
)


def check_share(owner_id: int, *, tasks: int = 1) -> None:
    """Raise ShareUsedUp where so many more tasks of a user may not wait.

    Requests at the same moment do not see each other's, so it may be passed by a few.
    """
    for settings in _limited(PoolSettings.singleton_instance_id):
        most = settings.waiting_per_user
        waiting = Task.objects.filter(owner=owner_id, status=TaskStatus.NOT_START)
        if waiting.count() + tasks > most:
            raise ShareUsedUp(most)
