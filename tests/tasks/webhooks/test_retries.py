from __future__ import annotations

from tasks.webhooks.retries import RETRY_AFTER, retry_delay


def test_the_schedule_begins_within_seconds_and_lasts_three_days() -> None:
    first = [retry_delay(number) for number in (1, 2, 3)]
    seconds = [each.total_seconds() for each in first if each]

    assert 0.8 <= seconds[0] <= 1.2
    assert 2.4 <= seconds[1] <= 3.6
    assert 8 <= seconds[2] <= 12
    assert 2.5 < sum(RETRY_AFTER) / 86400 <= 3
    assert retry_delay(len(RETRY_AFTER) + 1) is None
