from __future__ import annotations

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import ApiKey, User
from mjproxy.lib.db.compiled_query import PreparedQuery
from tests.factories import make_user

pytestmark = pytest.mark.django_db

keys = PreparedQuery[ApiKey](
    lambda owner, name: (
        ApiKey.objects.filter(owner=owner, name=name)
        .select_related("owner")
        .defer("owner__webhook_secret")
        .order_by("pk")
    ),
    markers=(-1, "the name"),
)


def make_key(owner: User, name: str) -> ApiKey:
    digest = f"{owner.pk}{name}"
    return ApiKey.objects.create(owner=owner, name=name, prefix="p", digest=digest)


def test_it_finds_what_the_query_finds_for_each_values() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    wanted = make_key(alice, "page")
    make_key(alice, "other")
    another = make_key(bob, "page")

    assert keys(alice.pk, "page") == [wanted]
    assert keys(bob.pk, "page") == [another]
    assert keys(bob.pk, "none") == []


def test_its_rows_are_whole_with_their_relations(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key = make_key(make_user("alice"), "page")

    (found,) = keys(key.owner_id, "page")

    assert found.created_at == key.created_at
    assert found.is_active is True
    with django_assert_num_queries(0):
        assert found.owner.username == "alice"
    with django_assert_num_queries(1):
        assert found.owner.webhook_secret == key.owner.webhook_secret


def test_values_are_never_part_of_the_sql() -> None:
    alice = make_user("alice")
    make_key(alice, "page")

    assert keys(alice.pk, "' OR '1'='1") == []
