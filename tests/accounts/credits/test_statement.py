from __future__ import annotations

import csv
import io

import pytest

from accounts.credits import ledger, statement
from accounts.credits.statement import as_csv, bookings_of
from accounts.models import Booking, User


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "ROWS", 2)


def lines(user: User) -> list[list[str]]:
    text = b"".join(as_csv(user.pk)).decode()
    return list(csv.reader(io.StringIO(text)))


def test_a_statement_tells_each_booking_and_the_balance_after_it(
    alice: User, bob: User
) -> None:
    for amount in (5, 7, 9):
        ledger.add(alice.pk, amount, by="olga", note="a, b")
    ledger.take(alice.pk, 4, by="olga", note="")
    ledger.add(bob.pk, 1000, by="olga", note="bob's")

    header, *rows = lines(alice)

    assert header == ["time", "kind", "credits", "balance", "task", "note"]
    assert [row[1:4] for row in rows] == [
        ["add", "5", "5"],
        ["add", "7", "12"],
        ["add", "9", "21"],
        ["take", "-4", "17"],
    ]
    assert rows[0][5] == "a, b"


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_text_becomes_a_formula(alice: User, note: str) -> None:
    ledger.add(alice.pk, 5, by="olga", note=note)

    assert lines(alice)[1][5] == f"'{note}"


def test_a_user_has_no_bookings_at_first(alice: User) -> None:
    assert len(lines(alice)) == 1


def test_pages_begin_below_a_booking(alice: User) -> None:
    for _ in range(3):
        ledger.add(alice.pk, 1, by="", note="")
    newest = list(bookings_of(alice.pk))

    assert list(bookings_of(alice.pk, before=newest[0].pk)) == newest[1:]
    assert list(bookings_of(alice.pk, before=2**80)) == newest
    assert Booking.objects.count() == 3
