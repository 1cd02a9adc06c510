"""The product's settings with shorter waits: what was lost is repeated in seconds.

The simulator is on the same machine, so no request of its tests is late. `test_late.py`
runs with the product's own times.
"""

from datetime import timedelta

from gateway import timing
from mjproxy.lib.process import backoff
from mjproxy.settings import *  # noqa: F403
from tasks.moving import timing as moving
from tasks.swaps import timing as swaps

_POST = timing.LATE_POST + timing.INTERACTION_TIMEOUT
timing.REQUEST_LIFE = timedelta(seconds=_POST + 4)
timing.LOOK_EVERY = timedelta(seconds=4)
backoff.LONGEST = 4.0
moving.CLAIM = timedelta(seconds=11)
moving.PAGE_SECONDS = 8.0
moving.TRY_AGAIN = (1,)
moving.PICTURE_CLAIM = timedelta(seconds=11)
moving.PICTURE_SECONDS = 8.0
moving.PICTURE_AGAIN = (2, 2, 2, 2)
moving.HOST_RESTS = (1, 1, 1, 1, 1)
swaps.ORDER_LIFE = timedelta(seconds=4)
swaps.LOOK_EVERY = 0.5
