"""Each compiled UPDATE and INSERT writes what the plain one writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.choice import usage
from accounts.limits import meter
from accounts.models import ApiKey, DiscordAccount, KeyMeter, Meter, User
from gateway.events.open_tasks import COMPARED
from gateway.lanes import lane
from gateway.leases import holds
from gateway.models import DispatchLane, GatewaySession
from gateway.sending import dispatch
from tasks import services
from tasks.conditions import Condition
from tasks.enums import Delivery, TaskStatus
from tasks.models import Task
from tests.factories import make_account, make_task

pytestmark = pytest.mark.django_db
NOW: Final = timezone.now()


@dataclass(frozen=True)
class World:
    """Rows that every write changes some of."""

    account: DiscordAccount
    waiting: Task
    sent: Task


def take_turn(*, within_limit: bool, unless_taken: bool, seen: int = 0) -> Any:
    return usage._turn(within_limit=within_limit, unless_taken=unless_taken, seen=seen)


def claim(world: World) -> bool:
    session = world.account.pk, "a session", NOW
    return services.advance(
        world.waiting.pk,
        TaskStatus.SUBMITTED,
        where=Condition(dispatch._may_go, dispatch._COMPARED, session),
        nonce="5",
        claimed_at=NOW,
        checked_at=None,
        delivery=Delivery.SENDING,
        progress=0,
    )


WRITES: Final[dict[str, Callable[[World], Any]]] = {
    "turn": lambda w: take_turn(within_limit=False, unless_taken=False)(
        w.account.pk, NOW.date(), 2, NOW
    ),
    "turn within the limit": lambda w: take_turn(within_limit=True, unless_taken=True)(
        w.account.pk, NOW.date(), 1, NOW
    ),
    "turn that was seen": lambda w: take_turn(
        within_limit=False, unless_taken=True, seen=1
    )(make_account(picked_at=NOW).pk, NOW.date(), 1, NOW, NOW),
    "turn of a lane": lambda w: lane._sent("a user", 3, NOW, 8, {"7": 2}),
    "turn of a lane without a pace": lambda w: lane._sent("a user", 3, None, 0, {}),
    "drawing of a user": lambda w: meter._of_user(
        w.waiting.owner_id, NOW.date(), NOW.date(), 2, 3, 9, 9
    ),
    "drawing of a user who pays": lambda w: meter._of_payer(
        w.waiting.owner_id, NOW.date(), NOW.date(), 2, 3, 9, 9, 5
    ),
    "drawing with a key": lambda w: meter._of_key(
        ApiKey.objects.get().pk, NOW.date(), NOW.date(), 1, 9, 9, 1
    ),
    "claim": claim,
    "move of a remembered task": lambda w: services.advance(
        w.sent.pk,
        TaskStatus.IN_PROGRESS,
        known=w.sent,
        same=COMPARED,
        where=holds(w.account.pk, 0),
        progress=7,
    ),
    "facts of a remembered task": lambda w: services.learn(
        w.sent.pk,
        known=w.sent,
        same=COMPARED,
        where=holds(w.account.pk, 0),
        interaction_id="9",
    ),
    "accepted": lambda w: dispatch._taken(w.sent.pk, "4", NOW),
}


@pytest.fixture
def world(alice: User) -> World:
    account = make_account(day_draw_limit=5)
    held = NOW + timedelta(minutes=1)
    GatewaySession.objects.create(
        account=account,
        user_id="a user",
        session_id="a session",
        holder="a gateway",
        is_live=True,
        lease_until=held,
    )
    DispatchLane.objects.create(discord_user="a user", fence=3, errand_was_last=True)
    Meter.objects.create(
        user=alice, day=NOW.date(), of_day=1, of_month=7, in_total=7, balance=9
    )
    KeyMeter.objects.create(key=ApiKey.objects.get())
    posted = {"nonce": "4", "delivery": Delivery.SENDING}
    return World(
        account,
        make_task(alice, account=account),
        make_task(alice, account=account, status=TaskStatus.SUBMITTED, **posted),
    )


@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_is_the_same_with_the_setting_off_and_on(
    world: World, settings: Any, name: str
) -> None:
    settings.COMPILED_QUERIES = False
    plain = written(WRITES[name], world)
    settings.COMPILED_QUERIES = True
    compiled = written(WRITES[name], world)

    assert plain[0]
    assert compiled == plain


def written(write: Callable[[World], Any], world: World) -> tuple[bool, list[Any]]:
    """Return whether anything was written, and the rows afterwards; undo it."""
    with transaction.atomic():
        done = bool(write(world))
        accounts = DiscordAccount.objects.order_by("-picked_at")
        rows = [
            *accounts.values("day", "day_draw_count", "picked_at"),
            *DispatchLane.objects.values(),
            *Meter.objects.values(),
            *KeyMeter.objects.values(),
            *Task.objects.order_by("pk").values(),
        ]
        transaction.set_rollback(True)
    return done, rows


@pytest.mark.parametrize("compiled", [False, True])
def test_a_new_row_is_whole(alice: User, settings: Any, *, compiled: bool) -> None:
    settings.COMPILED_QUERIES = compiled
    task = Task(
        owner=alice,
        action="IMAGINE",
        prompt="狐狸 100% \x7f",
        client_ip="2001:db8::1",
        account_filter={"modes": ["FAST"], "remark": "ü"},
        deadline_at=NOW,
    )

    services.insert(task)

    found = Task.objects.get(pk=task.pk)
    state = {k: v for k, v in vars(task).items() if not k.startswith("_")}
    assert {k: v for k, v in vars(found).items() if not k.startswith("_")} == state
    task.prompt = "a fox"
    task.save()  # it is known as a row that exists
    assert Task.objects.get().prompt == "a fox"


def test_an_id_or_a_key_that_exists_is_refused(alice: User) -> None:
    task = make_task(alice, idempotency_key="key")

    for facts in ({"id": task.pk}, {"idempotency_key": "key"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            services.insert(Task(owner=alice, action="IMAGINE", **facts))
    assert Task.objects.count() == 1
