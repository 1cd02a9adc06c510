"""How long calls may take, and how long the claims on them last.

A claim is one process's right to do a piece of work. It lasts longer than the longest
call that is made under it, else another process does the same work meanwhile
(tests/gateway/test_timing.py compares them).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# --- calls, in seconds ---------------------------------------------------------------

INTERACTION_TIMEOUT: Final = 8.0  # for the answer to an interaction
PLAIN_TIMEOUT: Final = 30.0  # for the answer of another host: a mask, an upload
# Link hosts block what they do not like for a while; a person's patience is shorter.
FETCH_TIMEOUT: Final = 30
PAGE_TIMEOUT: Final = 20.0  # for making a verification page
TELL_TIMEOUT: Final = 10.0  # for telling the operator's verification server

# --- from the claim to the first byte ------------------------------------------------

POSTS_AT_ONCE: Final = 32  # of one account; nothing but posts takes these slots
LATE_POST: Final = 3.0  # seconds; an older claim is renewed before its post leaves

# --- what became of a post -----------------------------------------------------------

# So many seconds Linux sends again what a connection that we have closed has not
# delivered. Any proxy between gives up sooner.
SENT_AGAIN: Final = 102.0
# After so long a request cannot arrive any more: counted from the claim it left under.
# Only tests make it shorter, by a settings module of their own.
REQUEST_LIFE = timedelta(seconds=LATE_POST + PLAIN_TIMEOUT + SENT_AGAIN)
# History is read for a task that is silent for so long, and then again and again.
LOOK_EVERY: Final = timedelta(seconds=12)
# So long Midjourney may take to open the window of a press that Discord has taken.
WINDOW_PATIENCE: Final = timedelta(seconds=12)

# --- claims --------------------------------------------------------------------------

# On work that takes its time: short, because it is renewed while its holder lives.
CLAIM: Final = timedelta(seconds=8)
RENEW_EVERY: Final = 2.5  # seconds
# A question to a bot has an answer by then, or never.
QUERY_ANSWER: Final = timedelta(seconds=20)
# On the sending side of a Discord user: who holds it only touches rows.
LANE_HOLD: Final = timedelta(seconds=10)
