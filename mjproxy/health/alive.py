"""`python -m mjproxy.health.alive ROLE`: tell whether a process of that role works.

For health checks of containers: it loads settings but no models.
"""

from __future__ import annotations

import os
import sys

import redis

from mjproxy.lib.process import signs_of_life


def why_not(role: str) -> str:
    """Return why no process of the role works on this machine; "" if one does."""
    if role not in signs_of_life.PARTS:
        return f"{role!r} is none of {', '.join(signs_of_life.PARTS)}"
    try:
        found = any(
            signs_of_life.lives_here(name) for name in signs_of_life.PARTS[role]
        )
    except redis.RedisError as exc:
        return f"Redis does not answer: {exc}"
    return "" if found else f"no {role} of this machine has been seen for 10 s"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
    if reason := why_not(sys.argv[1] if len(sys.argv) == 2 else ""):
        sys.stderr.write(f"{reason}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
