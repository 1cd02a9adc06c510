"""Limit how many pictures a process decodes at the same time."""

from __future__ import annotations

import threading
from typing import Final

# A picture of 64 million pixels needs some 250 MB.
UNPACKING: Final = threading.BoundedSemaphore(2)
