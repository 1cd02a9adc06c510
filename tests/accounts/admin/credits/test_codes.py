from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from accounts.credits.codes import redeem
from accounts.models import RedeemBatch, RedeemCode, User

BATCHES = "/admin/accounts/redeembatch/"
FORM = {"credits": "50", "size": "3", "note": "spring", "is_on": "on"}


def test_the_codes_of_a_batch_are_exported_once(admin: Client, alice: User) -> None:
    answer = admin.post(f"{BATCHES}add/", FORM)

    assert answer["Content-Type"].startswith("text/csv")
    assert "no-store" in answer["Cache-Control"]
    _, *rows = csv.reader(io.StringIO(answer.content.decode()))
    made = [row[0] for row in rows]
    assert len(set(made)) == 3
    assert redeem(alice.pk, made[0]) == 50
    batch = RedeemBatch.objects.get()
    assert batch.made_by == "olaf"
    pages = [BATCHES, f"{BATCHES}{batch.pk}/change/", f"{BATCHES}{batch.pk}/history/"]
    for page in pages:
        shown = admin.get(page).content.decode()
        assert not any(code in shown for code in made)


def test_a_batch_is_turned_off_and_else_stays_as_it_is(admin: Client) -> None:
    admin.post(f"{BATCHES}add/", FORM)
    batch = RedeemBatch.objects.get()
    address = f"{BATCHES}{batch.pk}/"

    changed = admin.post(f"{address}change/", {"credits": "9999", "note": "off"})
    assert changed.status_code == 302
    assert admin.post(f"{address}delete/", {"post": "yes"}).status_code == 403

    batch.refresh_from_db()
    assert (batch.is_on, batch.credits, batch.note) == (False, 50, "off")
    assert RedeemCode.objects.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [{"credits": "0"}, {"credits": "-1"}, {"credits": "1000000001"}, {"size": "10001"}],
)
def test_wrong_batches_are_refused(admin: Client, wrong: dict[str, str]) -> None:
    answer = admin.post(f"{BATCHES}add/", FORM | wrong)

    assert answer.status_code == 200
    assert not RedeemBatch.objects.exists()
