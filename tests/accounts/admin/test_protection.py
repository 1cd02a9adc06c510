"""The pages of the protection in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Lockout, ProtectionSettings, User

FORM = "/admin/accounts/protectionsettings/"
NOW = f"{FORM}now/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_page(admin: Client) -> Client:
    return admin


def sent(client: Client, **fields: Any) -> Any:
    return client.post(FORM, {"block_minutes": 5, **fields})


def test_rules_are_written_as_lines(operator_page: Client) -> None:
    answer = sent(
        operator_page,
        limits_on="on",
        limits_address="*/mj/submit/* 3:1 60:6",
        limits_white=" ::ffff:192.0.2.7 , 2001:db8::/32\n10.0.0.1 ",
        refusals_on="on",
        refusals="5:60 10:1440",
    )

    assert answer.status_code == 302
    row = ProtectionSettings.get_solo()
    assert row.limits_address == {"*/mj/submit/*": {"3": 1, "60": 6}}
    assert row.limits_white == ["192.0.2.7/32", "2001:db8::/32", "10.0.0.1/32"]
    assert row.refusals == {"5": 60, "10": 1440}
    assert "*/mj/submit/* 3:1 60:6" in operator_page.get(FORM).content.decode()


@pytest.mark.parametrize(
    "field",
    [
        {"limits_address": "/a/*/b 60:6"},
        {"blocks_near": "/a -1:6"},
        {"limits_black": "192.0.2.300"},
        {"refusals": "5"},
        {"refusals": "0:60"},
        {"refusals": "5:" + "9" * 30},
        {"block_minutes": 0},
    ],
)
def test_what_cannot_be_is_refused(
    operator_page: Client, field: dict[str, Any]
) -> None:
    answer = sent(operator_page, **field)

    assert answer.status_code == 200
    assert "errornote" in answer.content.decode() or answer.context["errors"]


def test_nobody_shuts_themselves_out(operator_page: Client) -> None:
    answer = sent(operator_page, limits_on="on", limits_black="127.0.0.0/8")

    assert "Your own address" in answer.content.decode()
    assert ProtectionSettings.get_solo().limits_black == []


def test_a_block_is_shown_and_ended(operator_page: Client, store: Any) -> None:
    ends = (timezone.now().timestamp() + 600) * 1000
    store.zadd("mjproxy-protection:blocks", {"192.0.2.7": ends})
    assert "192.0.2.7" in operator_page.get(NOW).content.decode()

    operator_page.post(NOW, {"address": "192.0.2.7"})

    assert store.zcard("mjproxy-protection:blocks") == 0


def test_the_page_opens_without_redis(operator_page: Client) -> None:
    assert "Redis does not answer" in operator_page.get(NOW).content.decode()


def test_what_is_no_address_is_said(operator_page: Client, store: Any) -> None:
    page = operator_page.post(NOW, {"address": "<b>"}, follow=True)

    assert "&lt;b&gt; is no IP address" in page.content.decode()


def test_a_lockout_is_ended(operator_page: Client, alice: User) -> None:
    row = Lockout.objects.create(user=alice, refusals=5, until=timezone.now())
    data = {"action": "end", "_selected_action": [row.pk]}

    operator_page.post("/admin/accounts/lockout/", data)

    assert not Lockout.objects.exists()
