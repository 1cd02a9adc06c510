"""How many pictures of one process are unpacked at the same time."""

from __future__ import annotations

import threading
from typing import Final

# One of 64 million pixels needs some 250 MB.
UNPACKING: Final = threading.BoundedSemaphore(2)
