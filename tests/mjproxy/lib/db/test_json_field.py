from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tasks.models import Task
from tests.factories import make_task

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"a": {"b": [1, 2.5, True, None, "雪 \U0001f504 \u2028"]}},
        "text",
        2**63 - 1,
        -(2**63),
    ],
    ids=repr,
)
def test_json_is_read_as_it_was_written(alice: User, value: Any) -> None:
    task = make_task(alice, account_filter=value)

    assert Task.objects.get(pk=task.pk).account_filter == value


def test_a_part_of_it_is_read(alice: User) -> None:
    make_task(alice, account_filter={"word": "a b", "number": 1, "list": [1]})

    parts = [f"account_filter__{name}" for name in ("word", "number", "list")]

    assert Task.objects.values_list(*parts).get() == ("a b", 1, [1])


def test_what_only_python_can_read_is_read(alice: User) -> None:
    field: Any = Task._meta.get_field("account_filter")

    assert field.from_db_value("Infinity", None, None) == float("inf")
    assert field.from_db_value("no JSON", None, None) == "no JSON"
