"""Time limits of calls, and of the claims under which they are made.

A claim is one process's right to do a piece of work. It lasts longer than the longest
call that is made under it, else another process would do the same work meanwhile
(tests/gateway/test_timing.py compares them).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# --- calls, in seconds ---------------------------------------------------------------

INTERACTION_TIMEOUT: Final = 8.0  # for the answer to an interaction
PLAIN_TIMEOUT: Final = 30.0  # for the answer of another host: a mask, an upload
# Link hosts block unwanted clients for longer, but a person would not wait.
FETCH_TIMEOUT: Final = 30
PAGE_TIMEOUT: Final = 20.0  # for making a verification page
TELL_TIMEOUT: Final = 10.0  # for telling the operator's verification server

# --- from the claim to the first byte ------------------------------------------------

POSTS_AT_ONCE: Final = 32  # of one account; only posts take these slots
LATE_POST: Final = 3.0  # seconds; an older claim is renewed before its post leaves

# --- after a post --------------------------------------------------------------------

# Seconds for which Linux resends what a closed connection has not delivered. Any
# proxy between gives up sooner.
SENT_AGAIN: Final = 102.0
# Only tests make these two shorter, by a settings module of their own.
# Time from a claim after which its request cannot arrive any more.
REQUEST_LIFE = timedelta(seconds=LATE_POST + PLAIN_TIMEOUT + SENT_AGAIN)
# Interval at which history is read for a silent task.
LOOK_EVERY = timedelta(seconds=12)
# Time for Midjourney to open the window of a press that Discord has taken.
WINDOW_PATIENCE: Final = timedelta(seconds=12)

# --- claims --------------------------------------------------------------------------

# On slow work. It is short, because it is renewed while its holder lives.
CLAIM: Final = timedelta(seconds=8)
RENEW_EVERY: Final = 2.5  # seconds
# Longest wait for the answer to a query.
QUERY_ANSWER: Final = timedelta(seconds=20)
