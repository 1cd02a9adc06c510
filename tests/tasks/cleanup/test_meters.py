from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.limits import meter
from accounts.models import ApiKey, User
from tasks.cleanup.meters import Difference, differences
from tests.factories import make_task


def counted_task(user: User, key: ApiKey) -> None:
    make_task(user, key=key, key_counted=True, counted_on=timezone.localdate())


def test_true_numbers_are_no_difference(alice: User, bob: User) -> None:
    today, key = timezone.localdate(), ApiKey.objects.get(owner=alice)
    meter.count(alice.pk, today, drawings=2)
    meter.count_for_key(key.pk, today)
    counted_task(alice, key)
    make_task(alice, counted_on=today)
    make_task(bob)  # no drawing

    assert list(differences(today)) == []


def test_more_tasks_than_were_counted_are_a_defect(alice: User, bob: User) -> None:
    today, key = timezone.localdate(), ApiKey.objects.get(owner=alice)
    meter.count(bob.pk, today)  # its task was removed
    counted_task(alice, key)

    assert list(differences(today)) == [
        Difference(f"user {alice.pk}", 0, 1),
        Difference(f"user {bob.pk}", 1, 0),
        Difference(f"key {key.pk}", 0, 1),
    ]
    out = StringIO()
    with pytest.raises(CommandError, match="2 meter"):
        call_command("check_meters", stdout=out)
    assert f"user {bob.pk}: 1 counted, 0 tasks" in out.getvalue()


@pytest.mark.django_db
def test_nothing_wrong_is_said_too() -> None:
    out = StringIO()

    call_command("check_meters", stdout=out)

    assert "Nothing" in out.getvalue()
