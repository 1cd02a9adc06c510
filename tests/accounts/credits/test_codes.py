from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.credits import codes
from accounts.credits.checking import differences
from accounts.credits.codes import CodeRefused, as_csv, make_batch, redeem
from accounts.limits import meter
from accounts.models import Booking, RedeemBatch, RedeemCode, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def batch_of(size: int = 1, **fields: object) -> tuple[RedeemBatch, list[str]]:
    batch = RedeemBatch(credits=50, size=size, **fields)
    return batch, make_batch(batch, by="olga")


def test_a_code_is_redeemed_once(alice: User, bob: User) -> None:
    batch, (code,) = batch_of()

    assert redeem(alice.pk, code) == 50
    for user in (alice, bob):
        with pytest.raises(CodeRefused, match="used"):
            redeem(user.pk, code)

    assert (meter.balance(alice.pk), meter.balance(bob.pk)) == (50, 0)
    row = Booking.objects.get()
    assert (row.user, row.kind, row.amount) == (alice, "code", 50)
    assert RedeemCode.objects.get().used_by == alice
    assert str(batch.pk) in row.note


def test_codes_are_read_as_people_write_them(alice: User) -> None:
    _, (code,) = batch_of()

    written = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert redeem(alice.pk, f" {written}\n") == 50


@pytest.mark.parametrize("code", ["", "-", "x" * 5000, "\0", "兑换码", "0" * 16])
def test_what_is_no_code_is_refused(alice: User, code: str) -> None:
    batch_of()

    with pytest.raises(CodeRefused, match="no such"):
        redeem(alice.pk, code)


def test_codes_end(alice: User) -> None:
    _, (late,) = batch_of(expires_at=timezone.now() - timedelta(seconds=1))
    _, (void,) = batch_of(is_on=False)

    for code in (late, void):
        with pytest.raises(CodeRefused, match="expired"):
            redeem(alice.pk, code)

    assert not Booking.objects.exists()


def test_only_hashes_are_stored() -> None:
    _, made = batch_of(20)

    assert len(set(made)) == 20
    rows = str([*RedeemCode.objects.values(), *RedeemBatch.objects.values()])
    assert not any(c in rows or c.replace("-", "") in rows for c in made)


def test_the_codes_are_a_table() -> None:
    batch, made = batch_of(2)

    rows = list(csv.reader(io.StringIO(as_csv(batch, made))))

    assert rows == [["code", "credits", "expires"], *([c, "50", ""] for c in made)]


@pytest.mark.parametrize(
    "wrong", [{"credits": 0}, {"credits": 2**31}, {"size": 0}, {"size": 10_001}]
)
def test_batches_have_limits(wrong: dict[str, int]) -> None:
    batch = RedeemBatch(**({"credits": 1, "size": 1} | wrong))

    with pytest.raises(ValidationError):
        batch.full_clean()


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_who_redeem_a_code_at_once_one_gets_it() -> None:
    users = [make_user().pk for _ in range(8)] * 2
    _, (code,) = batch_of()
    together = Barrier(16)

    def work(user: int) -> int:
        together.wait(30)
        try:
            return redeem(user, code)
        except CodeRefused:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(work, users))

    assert sum(found) == 50
    assert sum(meter.balance(user) for user in set(users)) == 50
    assert Booking.objects.count() == 1
    assert list(differences()) == []


def test_a_code_cannot_be_guessed() -> None:
    assert len(codes._LETTERS) ** codes.LENGTH >= 2**80
