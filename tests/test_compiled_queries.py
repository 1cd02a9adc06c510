"""Each compiled query finds the rows that the plain one finds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.apps import apps
from django.db.models import Model
from django.db.models.signals import post_init, pre_init
from django.utils import timezone

from accounts.choice.rules import Need
from accounts.enums import ChoiceRule
from accounts.limits import meter
from accounts.models import ApiKey, DiscordAccount, KeyMeter, Meter, User
from accounts.people import keys
from gateway import leases
from gateway.events import matching
from gateway.lanes import next_task, waits
from gateway.models import DispatchLane, GatewaySession
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks import selectors
from tasks.enums import TaskStatus
from tasks.models import InputPicture, Task
from tasks.pictures import inputs, store
from tasks.submit import account as chosen_account
from tasks.waiting import durations
from tasks.webhooks import statements
from tests.factories import make_account, make_finished, make_task
from tests.syntax import tree_of
from tests.test_conventions import files, named

pytestmark = pytest.mark.django_db
NOW: Final = timezone.now()


@dataclass(frozen=True)
class World:
    """Rows that every query finds some of."""

    user: User
    account: DiscordAccount
    done: Task
    waiting: Task
    running: Task


Case = tuple[CompiledQuery[Any], Callable[[World], tuple[Any, ...]]]


def choice(need: Need, *given: str) -> CompiledQuery[Any]:
    return chosen_account._query(need, ChoiceRule.BEST_WAIT_IDLE, given)


def filled(*ids: int) -> tuple[int, ...]:
    """Return as many ids as a page has: the query has a fixed size."""
    return ids + ids[:1] * (selectors.PAGE - len(ids))


CASES: Final[dict[str, list[Case]]] = {
    "accounts/limits/meter.py: _meter_of_user": [
        (meter._meter_of_user, lambda w: (w.user.pk,)),
    ],
    "accounts/limits/meter.py: _meter_of_key": [
        (meter._meter_of_key, lambda w: (ApiKey.objects.latest("pk").pk,)),
    ],
    "accounts/people/keys.py: _keys_by_digest": [
        (keys._keys_by_digest, lambda w: ("digest", "another")),
    ],
    "gateway/events/matching.py: _by_nonce": [
        (matching._by_nonce, lambda w: (w.account.pk, "nonce")),
    ],
    "gateway/events/matching.py: _by_keys": [
        (matching._by_keys(1, 0, 0, 0), lambda w: (w.account.pk, w.done.message_id)),
        (
            matching._by_keys(2, 1, 2, 1),
            lambda w: (w.account.pk, "1", "2", "nonce", "3", "4", w.done.job_id),
        ),
    ],
    "gateway/leases.py: _held": [
        (leases._held(1), lambda w: (w.account.pk,)),
        (leases._held(4), lambda w: (w.account.pk, 8, 9, 9)),
    ],
    "gateway/lanes/next_task.py: _first_two": [
        (next_task._first_two, lambda w: (w.account.pk,)),
    ],
    "gateway/lanes/next_task.py: _by_id": [
        (next_task._by_id, lambda w: (w.waiting.pk,)),
    ],
    "gateway/lanes/next_task.py: _sessions": [
        (next_task._sessions, lambda w: (w.account.pk,)),
    ],
    "gateway/lanes/next_task.py: _waiting_beside": [
        (next_task._waiting_beside, lambda w: (w.account.pk,)),
    ],
    "gateway/lanes/waits.py: _session_beside": [
        (waits._session_beside, lambda w: (w.account.pk,)),
    ],
    "tasks/pictures/store.py: _by_id": [
        (store._by_id, lambda w: (w.done.pk,)),
    ],
    "tasks/pictures/inputs.py: _of_task": [
        (inputs._of_task, lambda w: (w.done.pk,)),
    ],
    "tasks/selectors.py: _by_id": [
        (selectors._by_id, lambda w: (w.done.pk,)),
    ],
    "tasks/selectors.py: _by_id_and_owner": [
        (selectors._by_id_and_owner, lambda w: (w.done.pk, w.user.pk)),
    ],
    "tasks/selectors.py: _newest": [
        (selectors._newest(2, 0), lambda w: ()),
        (selectors._newest(100, 1), lambda w: (w.user.pk,)),
    ],
    "tasks/selectors.py: _page": [
        (selectors._page(0), lambda w: filled(w.done.pk, w.waiting.pk)),
        (selectors._page(1), lambda w: (*filled(w.done.pk, 1), w.user.pk)),
    ],
    "tasks/submit/account.py: _query": [
        (choice(Need(room=True, modes=("FAST", "RELAX"))), lambda w: ()),
        (
            choice(Need(day=timezone.localdate()), "instance_id", "remark"),
            lambda w: (w.account.channel_id, "mark"),
        ),
    ],
    "tasks/waiting/durations.py: _last": [
        (durations._last, lambda w: (w.account.pk,)),
    ],
    "tasks/webhooks/statements.py: _tasks": [
        (statements._tasks(1), lambda w: (w.done.pk,)),
        (statements._tasks(4), lambda w: (w.done.pk, w.running.pk, 1, 1)),
    ],
}


@pytest.fixture
def world(alice: User) -> World:
    account = make_account(remark="a mark of ours")
    key = ApiKey.objects.create(owner=alice, digest="digest", prefix="p")
    Meter.objects.create(user=alice, of_day=3)
    KeyMeter.objects.create(key=key, in_total=2)
    done = make_finished(alice, account=account, notify_hook="https://a.test/")
    GatewaySession.objects.create(
        account=account, user_id="a user", is_live=True, holder="a gateway"
    )
    DispatchLane.objects.create(
        discord_user="a user", rest_until=NOW, waiting_since={"7": 2}
    )
    InputPicture.objects.create(task=done, file="a file")
    return World(
        alice,
        account,
        done,
        make_task(alice, account=account, parent=done),
        make_task(alice, account=account, nonce="nonce", status=TaskStatus.IN_PROGRESS),
    )


@pytest.mark.parametrize(
    ("query", "values"),
    [
        pytest.param(*case, id=f"{name} {number}")
        for name, cases in CASES.items()
        for number, case in enumerate(cases)
    ],
)
def test_rows_are_the_same_with_the_setting_off_and_on(
    world: World,
    settings: Any,
    query: CompiledQuery[Any],
    values: Callable[[World], tuple[Any, ...]],
) -> None:
    given = values(world)

    settings.COMPILED_QUERIES = False
    plain = states_of(query(*given))
    settings.COMPILED_QUERIES = True
    compiled = states_of(query(*given))

    assert plain
    assert compiled == plain


def states_of(rows: Iterable[Model]) -> list[dict[str, Any]]:
    """Return all that is loaded, by id, because some queries have no order."""
    return [state_of(row) for row in sorted(rows, key=lambda row: int(row.pk))]


def state_of(row: Model, of: Model | None = None) -> dict[str, Any]:
    """Return all that is loaded of a row, and of the rows that came with it.

    One of them may lead back to the row `of` that it came with.
    """
    state = {name: value for name, value in vars(row).items() if name != "_state"}
    related = {
        name: "back" if other is of else other and state_of(other, row)
        for name, other in row._state.fields_cache.items()
    }
    return {"model": type(row), "db": row._state.db, **state, "related": related}


def test_every_compiled_query_is_compared() -> None:
    found = {
        f"{named(path)}: {name}"
        for path in files("accounts/*.py", "gateway/*.py", "mjproxy/*.py", "tasks/*.py")
        for statement in tree_of(path).body
        if not isinstance(statement, ast.ClassDef | ast.Import | ast.ImportFrom)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).startswith("CompiledQuery")
        and (name := _name_of(statement))
    }

    assert found == set(CASES)


def _name_of(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef):
        return statement.name
    assert isinstance(statement, ast.AnnAssign)
    return ast.unparse(statement.target)


def test_no_model_needs_more_than_its_columns() -> None:
    """Instances of compiled queries are made without `__init__` and its signals."""
    for model in apps.get_models():
        if model.__module__.startswith(("accounts.", "tasks.", "gateway.")):
            assert model.__dict__.get("__init__") is None
            assert not pre_init.has_listeners(model)
            assert not post_init.has_listeners(model)
