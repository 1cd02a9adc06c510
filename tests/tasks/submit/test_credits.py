"""Credits are reserved at submit, and settled or returned at the end."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.credits import ledger
from accounts.credits.checking import differences
from accounts.limits import meter
from accounts.models import Booking, DiscordAccount, User
from mjproxy.lib.db import snapshot
from tasks.enums import TaskAction, TaskStatus
from tasks.exceptions import CreditsUsedUp, DrawingsUsedUp, Refused
from tasks.models import Price, Task
from tasks.services import advance, cancel, fail
from tasks.submit import commands
from tasks.submit.account import Wanted
from tasks.submit.buttons import submit_button, submit_change
from tasks.submit.commands import submit_describe, submit_imagine
from tasks.submit.row import Caller, Submitted
from tasks.submit.windows import submit_window
from tests.factories import make_account, make_finished, make_user
from tests.pictures import data_url, picture
from tests.tasks.parents import DESCRIBED_ALL, PAN, make_described, make_single
from tests.tasks.refusals import Block
from tests.tasks.submit.test_allowance import drawn, imagine, limit

pytestmark = pytest.mark.usefixtures("names", "media")


def costs(credits: int, **what: Any) -> None:
    Price.objects.filter(**what).delete()
    Price.objects.create(credits=credits, **what)


def earn(user: User, credits: int) -> None:
    ledger.add(user.pk, credits, by="olga", note="")


def booked(task: Task) -> list[tuple[str, int]]:
    rows = Booking.objects.filter(task=task.pk).order_by("pk")
    return list(rows.values_list("kind", "amount"))


def draw(user: User, speed: str) -> Submitted:
    asked = Wanted(modes=(speed,))
    return submit_imagine(caller=Caller(user), prompt="a red fox", wanted=asked)


def finish(task: Task, *, known: bool = True) -> None:
    for status in (TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS):
        row = Task.objects.get(pk=task.pk) if known else None
        assert advance(task.pk, status, known=row)


def test_what_is_free_books_nothing_and_asks_nothing_more(
    alice: User, account: DiscordAccount
) -> None:
    imagine(alice)
    with CaptureQueriesContext(connection) as free:
        task = imagine(alice).task
    finish(task)

    assert not Booking.objects.exists()
    assert task.price == 0
    statements = [query["sql"] for query in free.captured_queries]
    assert not any("accounts_booking" in sql for sql in statements)
    # MySQL reads the numbers of the meter in a statement of its own, as a whole row.
    changes = [sql for sql in statements if not sql.startswith("SELECT")]
    assert changes
    assert not any("balance" in sql for sql in changes)


@pytest.mark.parametrize("known", [True, False])
def test_a_drawing_is_paid_once(
    alice: User, account: DiscordAccount, known: bool
) -> None:
    costs(4)
    earn(alice, 10)

    task = imagine(alice).task
    assert (task.price, meter.balance(alice.pk)) == (4, 6)
    finish(task, known=known)
    assert not advance(task.pk, TaskStatus.SUCCESS)
    assert not fail(task.pk, "too late")

    assert booked(task) == [("reserve", -4), ("settle", 0)]
    assert meter.balance(alice.pk) == 6
    assert list(differences()) == []


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [TaskStatus.SUBMITTED],
        [TaskStatus.SUBMITTED, TaskStatus.NOT_START, TaskStatus.SUBMITTED],
        [TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS],
    ],
)
def test_what_fails_is_returned_once(
    alice: User, account: DiscordAccount, moves: list[TaskStatus]
) -> None:
    costs(4)
    earn(alice, 4)
    task = imagine(alice).task
    for status in moves:
        assert advance(task.pk, status)

    assert fail(task.pk, "refused")
    assert not fail(task.pk, "again")

    assert booked(task) == [("reserve", -4), ("return", 4)]
    assert meter.balance(alice.pk) == 4
    assert list(differences()) == []


def test_what_is_cancelled_is_returned(alice: User, account: DiscordAccount) -> None:
    costs(4)
    earn(alice, 4)
    task = imagine(alice).task

    assert cancel(task)

    assert meter.balance(alice.pk) == 4
    assert drawn(alice).of_day == 0


def test_who_has_too_few_credits_is_refused(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    costs(4)
    earn(alice, 7)
    imagine(alice)

    with unchanged(), pytest.raises(CreditsUsedUp) as refused:
        imagine(alice)

    assert refused.value.code == 4
    assert refused.value.zh == "积分不足（需要 4，余额 3）"
    assert "costs 4, and you have 3" in refused.value.en
    assert refused.value.properties == {"price": 4, "balance": 3}
    assert drawn(alice).of_day == 1


def test_who_never_had_credits_is_refused(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    costs(1)

    with unchanged(), pytest.raises(CreditsUsedUp):
        imagine(alice)


def test_the_exact_price_is_looked_at_last(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    """The lowest price would be paid, not the one of the speed that was asked for."""
    costs(1, speed="RELAX")
    costs(9, speed="FAST")
    earn(alice, 5)

    with unchanged(), pytest.raises(CreditsUsedUp, match="costs 9"):
        draw(alice, "FAST")
    assert draw(alice, "RELAX").task.price == 1


def test_nothing_is_translated_for_who_cannot_pay(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs(4)
    monkeypatch.setattr(commands, "translate", lambda _: pytest.fail("it was sent"))

    with pytest.raises(CreditsUsedUp):
        imagine(alice)


def test_a_limit_is_told_before_the_credits(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, drawings_a_day=1)
    costs(4)
    earn(alice, 4)
    imagine(alice)

    with pytest.raises(DrawingsUsedUp):
        imagine(alice)


def test_the_price_at_submit_holds(alice: User, account: DiscordAccount) -> None:
    costs(4)
    earn(alice, 10)
    done, failed = imagine(alice).task, imagine(alice).task
    costs(9)

    finish(done)
    fail(failed.pk, "refused")

    assert booked(done) == [("reserve", -4), ("settle", 0)]
    assert booked(failed) == [("reserve", -4), ("return", 4)]
    assert meter.balance(alice.pk) == 6


def test_a_task_of_before_the_prices_stays_free(
    alice: User, account: DiscordAccount
) -> None:
    task = imagine(alice).task
    costs(4)

    fail(task.pk, "refused")

    assert not Booking.objects.exists()


def test_a_repeated_request_is_paid_once(alice: User, account: DiscordAccount) -> None:
    costs(4)
    earn(alice, 5)
    first = imagine(alice, idempotency_key="once").task

    assert imagine(alice, idempotency_key="once").task == first
    assert meter.balance(alice.pk) == 1


def test_what_is_no_drawing_may_have_a_price(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    costs(3, action="DESCRIBE")
    costs(2, action="UPSCALE")
    earn(alice, 5)
    parent = make_finished(alice, account=account)
    caller = Caller(alice)

    described = submit_describe(caller=caller, picture=data_url(picture())).task
    for _ in range(2):  # the same upscale is not paid twice
        submit_change(
            caller=caller, task_id=parent.pk, action=TaskAction.UPSCALE, index=1
        )
    with unchanged(), pytest.raises(CreditsUsedUp):
        submit_describe(caller=caller, picture=data_url(picture()))

    assert (meter.balance(alice.pk), drawn(alice).of_day) == (0, 0)
    fail(described.pk, "refused")
    assert meter.balance(alice.pk) == 3
    assert list(differences()) == []


def test_a_window_is_paid_with_its_answer(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    costs(4)
    earn(alice, 5)
    DiscordAccount.objects.update(mj_remix_on=True)
    parent = make_single(alice, account)
    opened = [
        submit_button(caller=Caller(alice), task_id=parent.pk, custom_id=PAN).task
        for _ in range(3)
    ]
    assert not Booking.objects.filter(task__isnull=False).exists()

    answered = submit_window(caller=Caller(alice), task_id=opened[0].pk).task
    with unchanged(), pytest.raises(CreditsUsedUp):
        submit_window(caller=Caller(alice), task_id=opened[1].pk)
    fail(opened[2].pk, "not answered in time")

    assert (answered.price, meter.balance(alice.pk)) == (4, 1)
    fail(answered.pk, "refused")
    assert meter.balance(alice.pk) == 5


def test_several_drawings_of_one_button_are_all_paid_or_none(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    costs(2)
    earn(alice, 9)
    parent = make_described(alice, account)
    button: dict[str, Any] = {"task_id": parent.pk, "custom_id": DESCRIBED_ALL}

    submit_button(caller=Caller(alice), **button)
    assert meter.balance(alice.pk) == 1

    earn(alice, 5)
    with unchanged(), pytest.raises(CreditsUsedUp):
        submit_button(caller=Caller(alice), **button)
    assert meter.balance(alice.pk) == 6


def test_operators_pay_nothing(operator: User, account: DiscordAccount) -> None:
    costs(4)

    assert imagine(operator).task.price == 0


# --- any order of events --------------------------------------------------------------

ACTS = st.sampled_from(
    ["submit", "relax", "cancel", "begin", "finish", "fail", "add", "take", "dearer"]
)


@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 5)), max_size=25))
@pytest.mark.django_db
def test_in_any_order_the_bookings_sum_up_to_the_balance(
    acts: list[tuple[str, int]],
) -> None:
    snapshot.forget_all()  # of an example that was undone
    with transaction.atomic():
        user = make_user()
        make_account()
        costs(3)
        costs(1, speed="RELAX")
        earn(user, 8)
        tasks: list[Task] = []
        for act, number in acts:
            _do(act, number, user, tasks)

        rows = Task.objects.filter(owner=user)
        assert list(differences()) == []
        assert meter.balance(user.pk) >= 0
        for task in rows:
            kinds = [kind for kind, _ in booked(task)]
            ends = {TaskStatus.SUCCESS: ["settle"], TaskStatus.FAILURE: ["return"]}
            end = ends.get(TaskStatus(task.status), [])
            assert kinds == (["reserve", *end] if task.price else [])
            assert booked(task)[:1] in ([], [("reserve", -task.price)])
            if "return" in kinds:
                assert booked(task)[1] == ("return", task.price)
        transaction.set_rollback(True)


def _do(act: str, number: int, user: User, tasks: list[Task]) -> None:
    try:
        match act:
            case "submit":
                tasks.append(imagine(user).task)
            case "relax":
                tasks.append(draw(user, "RELAX").task)
            case "add":
                earn(user, number + 1)
            case "take":
                ledger.take(user.pk, number + 1, by="olga", note="")
            case "dearer":
                costs(number)
            case _ if tasks:
                _move(act, tasks[number % len(tasks)])
    except (Refused, ledger.TooFewCredits):
        return


def _move(act: str, task: Task) -> None:
    match act:
        case "cancel":
            cancel(Task.objects.get(pk=task.pk))
        case "begin":
            advance(task.pk, TaskStatus.SUBMITTED)
            advance(task.pk, TaskStatus.IN_PROGRESS)
        case "finish":
            advance(task.pk, TaskStatus.SUCCESS)
        case _:
            fail(task.pk, "refused")
