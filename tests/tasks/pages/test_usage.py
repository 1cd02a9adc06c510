"""A user's usage: what they have drawn, and what they may draw."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.limits import meter
from accounts.models import ApiKey, DiscordAccount, User
from tasks.enums import TaskStatus
from tests.factories import make_task

PAGE = "/me/usage"


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def shown(page: Client) -> dict[str, str]:
    """Return the rows by their names, without marks and needless blanks."""
    said = page.get(PAGE).content.decode()
    rows = re.findall(r'data-testid="usage-(\w+)">(.*?)</li>', said, re.S)
    return {name: " ".join(re.sub("<.*?>", " ", row).split()) for name, row in rows}


def test_without_limits_only_numbers_are_shown(page: Client, bob: User) -> None:
    meter.count(bob.pk, timezone.localdate())

    assert shown(page) == {
        "day": "Today 0 · no limit",
        "month": "This month 0 · no limit",
        "total": "In total 0 · no limit",
        "running": "Running 0 · no limit",
        "waiting": "Waiting 0 · no limit",
    }


def test_numbers_stand_beside_their_limits(
    page: Client, alice: User, account: DiscordAccount
) -> None:
    alice.drawings_a_day, alice.drawings_in_total = 2, 9
    alice.running_at_once, alice.waiting_at_once = 3, 5
    alice.speeds, alice.valid_until = ["RELAX"], timezone.now()
    alice.save()
    meter.count(alice.pk, timezone.localdate(), drawings=2)
    for status in (TaskStatus.NOT_START, TaskStatus.NOT_START, TaskStatus.SUBMITTED):
        make_task(alice, account=account, status=status)
    alice.valid_until = None
    alice.save()

    rows = shown(page)

    assert re.fullmatch(r"Today Used up, again from .* 00:00 \S+ 2 / 2", rows["day"])
    assert rows["total"] == "In total 2 / 9"
    assert rows["running"] == "Running 1 / 3"
    assert rows["waiting"] == "Waiting 2 / 5"
    assert "RELAX" in page.get(PAGE).content.decode()


def test_keys_are_shown_with_their_numbers(page: Client, alice: User) -> None:
    key = ApiKey.objects.get(owner=alice)
    key.name, key.drawings_a_day = "the shop", 4
    key.save()
    meter.count_for_key(key.pk, timezone.localdate(), drawings=3)

    said = page.get(PAGE).content.decode()

    assert "the shop" in said
    assert "Today: 3 / 4 · In total: 3" in said
