"""Times of face swaps: claims, pauses between two looks, patience."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# A step under way renews its claim; that of a dead process expires soon.
CLAIM: Final = timedelta(seconds=8)
RENEW_EVERY: Final = 2.5  # seconds
# The two that only tests make shorter, by a settings module of their own.
LOOK_EVERY = 5.0  # seconds between two looks at a prediction
# Time from an order after which it cannot arrive any more: the time for its answer, and
# the 102 s for which Linux resends what a closed connection has not delivered.
ORDER_LIFE = timedelta(seconds=125)
LATE_ORDER: Final = 3.0  # seconds; an older mark of an order is given back
MOST_ORDERS: Final = 3  # of one task
MOST_TRIES: Final = 5  # of fetching a link
# Longer than the time limit of a task: for the provider to hear of its end, and for its
# result, which is paid.
CANCEL_PATIENCE: Final = timedelta(minutes=2)
RESULT_PATIENCE: Final = timedelta(minutes=30)
FETCH_TIMEOUT: Final = 60.0  # seconds
