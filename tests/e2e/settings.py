"""The product's settings, but what was not answered is sent again within seconds.

The simulator is near: no request of its tests is late. With the product's own time
`test_late.py` runs.
"""

from datetime import timedelta

from gateway import timing
from mjproxy.settings import *  # noqa: F403

_POST = timing.LATE_POST + timing.INTERACTION_TIMEOUT
timing.REQUEST_LIFE = timedelta(seconds=_POST + 4)
