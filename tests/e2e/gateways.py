"""A further gateway process beside the product's own, and a look at the leases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.calls import eventually
from tests.e2e.harness import Product
from tests.e2e.simulation import ROOT


@dataclass
class SecondGateway:
    """`manage.py rungateway` as an operator starts it on another machine."""

    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, product: Product) -> SecondGateway:
        with (product.data / "second.log").open("ab") as out:
            return cls(
                subprocess.Popen(
                    [sys.executable, "manage.py", "rungateway", "--skip-checks"],
                    cwd=ROOT,
                    env={**product.environment, "MALLOC_ARENA_MAX": "2"},
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            )

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)


class Leases:
    """Looks at the rows of a product from a process in its environment."""

    def __init__(self, product: Product) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.gateways"],
            cwd=ROOT,
            env=product.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Leases:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its pipes, at which it ends
            pass

    def wait(self, *, holders: int, live: bool = True, limit: float = 120) -> float:
        """Wait until this many processes hold all accounts; return the time.time().

        `live`: also until each account has a session at Discord.
        """
        assert self._process.stdin
        assert self._process.stdout
        asked = {"holders": holders, "live": live, "limit": limit}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["reached"], answer
        return float(answer["at"])


@contextmanager
def leases_locked(product: Product) -> Iterator[None]:
    """Keep the leases locked, so that no gateway can write an event."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.gateways", "lock"],
        cwd=ROOT,
        env=product.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:  # closes its pipes, at which it ends
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        yield


def _lock_for_others() -> None:
    """Hold the locks until standard input ends."""
    from django.db import transaction

    from gateway.models import GatewaySession

    with transaction.atomic():
        list(GatewaySession.objects.order_by("pk").select_for_update())
        print("locked", flush=True)  # noqa: T201
        sys.stdin.read()


def _look_for_others() -> None:
    """Answer the questions on standard input, one a line."""
    for line in sys.stdin:
        print(json.dumps(_answer(**json.loads(line))), flush=True)  # noqa: T201


def _answer(*, holders: int, live: bool, limit: float) -> dict[str, object]:
    from django.db.models import Count
    from django.utils import timezone

    from accounts.models import DiscordAccount
    from gateway.models import GatewaySession

    count = DiscordAccount.objects.filter(enabled=True).count()
    found: dict[str, int] = {}

    def all_held() -> float:
        rows = GatewaySession.objects.filter(lease_until__gt=timezone.now())
        if live:
            rows = rows.filter(is_live=True)
        held = rows.order_by().values_list("holder").annotate(Count("pk"))
        found.clear()
        found.update(held)
        reached = len(found) == holders and sum(found.values()) == count
        return time.time() if reached else 0.0

    try:
        moment = eventually(all_held, what="all are held", limit=limit)
    except AssertionError:
        return {"reached": False, "holders": found, "accounts": count}
    return {"reached": True, "at": moment}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
    import django

    django.setup()
    if sys.argv[1:] == ["lock"]:
        _lock_for_others()
    else:
        _look_for_others()
