"""Mark accounts idle or not as their `fishing_time` begins and ends."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone

from accounts import hours
from accounts.models import DiscordAccount

logger = logging.getLogger(__name__)


def is_idle(fishing_time: str, moment: datetime) -> bool:
    """Tell whether a moment lies in an account's idle hours."""
    try:
        return hours.covers(fishing_time, moment)
    # The field's validator refuses such text; the row was written in another way.
    except ValueError:
        return False


def follow_hours() -> None:
    """Mark accounts whose idle hours have begun; unmark those whose have ended."""
    now = timezone.now()
    rows = DiscordAccount.objects.order_by()
    written = rows.exclude(fishing_time="").values_list("fishing_time", flat=True)
    idle = [text for text in written.distinct() if is_idle(text, now)]
    begun = rows.filter(is_fishing=False, fishing_time__in=idle)
    ended = rows.filter(is_fishing=True).exclude(fishing_time__in=idle)
    for changed, is_fishing in ((begun, True), (ended, False)):
        if count := changed.update(is_fishing=is_fishing):
            verb = "begun" if is_fishing else "ended"
            logger.info("the idle hours of %s account(s) have %s", count, verb)
