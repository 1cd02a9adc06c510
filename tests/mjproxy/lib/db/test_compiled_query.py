from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import ApiKey, User
from mjproxy.lib.db.compiled_query import CompiledQuery
from tests.factories import make_user

pytestmark = pytest.mark.django_db

keys = CompiledQuery[ApiKey](
    lambda owner, name: (
        ApiKey.objects.filter(owner=owner, name=name)
        .select_related("owner")
        .defer("owner__webhook_secret")
        .order_by("pk")
    ),
    values=2,
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


def test_constants_of_the_query_are_never_taken_for_values() -> None:
    alice = make_user("alice")
    wanted = make_key(alice, "page")
    named = CompiledQuery[ApiKey](
        lambda owner: ApiKey.objects.filter(owner=owner, name="page")
    )

    assert named(alice.pk) == [wanted]
    assert named(alice.pk + 1) == []


def test_equal_values_have_a_place_each() -> None:
    alice = make_user("alice")
    page, other = make_key(alice, "page"), make_key(alice, "other")
    either = CompiledQuery[ApiKey](
        lambda one, two: ApiKey.objects.filter(name__in=[one, two]).order_by("pk"),
        values=2,
    )

    assert either("page", "page") == [page]
    assert either("page", "other") == [page, other]


@pytest.mark.parametrize("values", [(), (1,), (1, "page", "more")])
def test_it_wants_as_many_values_as_the_query_has(values: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="values instead of 2"):
        keys(*values)


def test_a_value_that_the_query_loses_is_an_error() -> None:
    lost = CompiledQuery[ApiKey](lambda name: ApiKey.objects.all())

    with pytest.raises(TypeError, match="missing in its parameters"):
        lost("page")


def test_the_plain_query_runs_where_the_setting_says_so(settings: Any) -> None:
    settings.COMPILED_QUERIES = False
    alice = make_user("alice")
    wanted = make_key(alice, "page")
    given: list[tuple[Any, ...]] = []

    def build(*values: Any) -> QuerySet[ApiKey]:
        given.append(values)
        return ApiKey.objects.filter(name=values[0])

    assert CompiledQuery[ApiKey](build)("page") == [wanted]
    assert given == [("page",)]
