from __future__ import annotations

import pytest
from django.test import Client

from tasks.models import Price

PRICES = "/admin/tasks/price/"


def test_prices_are_edited(admin: Client) -> None:
    form = {"action": "IMAGINE", "speed": "FAST", "bot": "", "credits": "4"}

    made = admin.post(f"{PRICES}add/", form)
    again = admin.post(f"{PRICES}add/", form | {"credits": "5"})

    assert (made.status_code, again.status_code) == (302, 200)
    assert "There is a price for this already" in again.content.decode()
    assert Price.objects.get().credits == 4
    assert "IMAGINE, FAST, any bot: 4" in admin.get(PRICES).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"credits": "-1"}, {"credits": "1000001"}, {"action": "NONE"}]
)
def test_wrong_prices_are_refused(admin: Client, wrong: dict[str, str]) -> None:
    form = {"action": "", "speed": "", "bot": "", "credits": "4"} | wrong

    assert admin.post(f"{PRICES}add/", form).status_code == 200
    assert not Price.objects.exists()
