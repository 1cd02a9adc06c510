from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from tasks.models import SwapSettings
from tasks.swaps.kinds import PICTURE, VIDEO
from tasks.swaps.usable import usable_kinds

pytestmark = pytest.mark.django_db


def test_both_kinds_are_usable_when_all_is_set(swapper: User) -> None:
    assert usable_kinds(swapper.pk) == [PICTURE, VIDEO]


def test_only_what_is_switched_on_is_usable(
    swapper: User, swaps_on: SwapSettings
) -> None:
    swaps_on.enabled = False
    swaps_on.save()

    assert usable_kinds(swapper.pk) == [VIDEO]


def test_without_the_permission_nothing_is(alice: User, swaps_on: SwapSettings) -> None:
    assert usable_kinds(alice.pk) == []


def test_a_token_that_no_key_fits_serves_nothing(swapper: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_swapsettings SET token = 'not decryptable'")

    assert usable_kinds(swapper.pk) == []
