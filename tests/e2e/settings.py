"""The product's settings with a short REQUEST_LIFE: requests are repeated in seconds.

The simulator is on the same machine, so no request of its tests is late. `test_late.py`
runs with the product's own time.
"""

from datetime import timedelta

from gateway import timing
from mjproxy.settings import *  # noqa: F403

_POST = timing.LATE_POST + timing.INTERACTION_TIMEOUT
timing.REQUEST_LIFE = timedelta(seconds=_POST + 4)
