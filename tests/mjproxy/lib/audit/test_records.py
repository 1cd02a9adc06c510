from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, DiscordAccount, DomainTag
from mjproxy.lib.audit import records
from mjproxy.lib.audit.actors import Actor, acting, current
from mjproxy.lib.audit.records import note, recorded, watch
from tests.factories import make_account


@pytest.fixture
def olga(db: None) -> Iterator[None]:
    with acting(lambda: Actor("olga", "192.0.2.1", 7)):
        yield


def told() -> list[Any]:
    rows = AuditEntry.objects.order_by("pk")
    return list(rows.values_list("action", "name", "changes"))


def test_nobody_acts_outside(db: None) -> None:
    assert current() is None
    with recorded() as record:
        record.watch(make_account())
        note("x", "y")

    assert told() == []


def test_a_bulk_update_is_seen(olga: None) -> None:
    tag = DomainTag.objects.create(name="foxes")

    with recorded() as record:
        record.watch(DomainTag.objects.all())
        DomainTag.objects.update(sort=5)

    assert told() == [("change", "foxes", {"sort": ["0", "5"]})]
    assert AuditEntry.objects.get().object_id == str(tag.pk)


def test_an_error_leaves_no_entry(olga: None) -> None:
    DomainTag.objects.create(name="foxes")

    with suppress(ZeroDivisionError), recorded() as record:
        record.watch(DomainTag.objects.all())
        DomainTag.objects.update(sort=5)
        note("more", "tags")
        raise ZeroDivisionError

    assert told() == []
    assert DomainTag.objects.get().sort == 0


def test_a_part_that_fails_leaves_no_entry_among_others(olga: None) -> None:
    with recorded():
        note("first", "x")
        with suppress(ZeroDivisionError), recorded(), transaction.atomic():
            note("second", "x")
            raise ZeroDivisionError

    assert [action for action, *_ in told()] == ["first"]


def test_a_record_within_another_adds_to_it(olga: None) -> None:
    tag = DomainTag.objects.create(name="foxes")

    with recorded() as outer:
        outer.watch(tag)
        with recorded() as inner:
            inner.watch(tag)
            DomainTag.objects.update(sort=5)
        DomainTag.objects.update(sort=6)

    assert told() == [("change", "foxes", {"sort": ["0", "6"]})]


def test_a_secret_that_is_saved_anew_is_no_change(olga: None) -> None:
    account = make_account(user_token="canary")

    with recorded() as record:
        record.watch(account)
        account.save()  # encrypts it with other random bytes
    with recorded() as record:
        record.watch(account)
        account.user_token = "another"
        account.save()

    assert told() == [("change", str(account), {"user_token": "changed"})]


def test_a_thousand_accounts_cost_few_statements(
    olga: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    DiscordAccount.objects.bulk_create(
        DiscordAccount(channel_id=str(10**17 + n), guild_id="1" * 17, user_token="x")
        for n in range(1000)
    )

    with django_assert_max_num_queries(40), recorded():
        watch(DiscordAccount.objects.all())
        DiscordAccount.objects.update(interval=3)

    assert len(told()) == 1000


def test_more_rows_than_a_record_holds_are_counted(
    olga: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_ROWS", 1)
    for name in "abc":
        DomainTag.objects.create(name=name)

    with recorded():
        watch(DomainTag.objects.all())
        DomainTag.objects.update(sort=5)

    assert [name for _, name, _ in told()] == ["a", "and up to 2 more"]


def test_a_value_of_a_megabyte_is_cut(olga: None) -> None:
    tag = DomainTag.objects.create(name="foxes")

    with recorded():
        watch(tag)
        DomainTag.objects.update(keywords=["x" * 1_000_000])

    assert len(told()[0][2]["keywords"][1]) < 1100
