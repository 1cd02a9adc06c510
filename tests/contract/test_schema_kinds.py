"""The schema has no features that generators of clients cannot read."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any, Final

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from mjproxy.web.schema import named_hooks, plain_null
from tasks.wire import task_json
from tests.factories import make_account, make_finished

_generator: Any = SchemaGenerator  # it has no types
DOCUMENT: Final[dict[str, Any]] = _generator().get_schema(request=None, public=True)
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]
INT32: Final = 2**31 - 1


def parts(tree: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of the document with the way to it; examples are data."""
    if isinstance(tree, dict):
        yield path, tree
        for name, inner in tree.items():
            if name not in ("example", "examples"):
                yield from parts(inner, f"{path}/{name}")
    elif isinstance(tree, list):
        for number, inner in enumerate(tree):
            yield from parts(inner, f"{path}/{number}")


PARTS: Final = dict(parts(DOCUMENT))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    verbs = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
    for path, part in PARTS.items():
        parent = path.rpartition("/")[2]
        if parent in verbs and "responses" in part:
            yield path, part


def test_it_is_of_the_newer_kind_and_says_so_consistently() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert not [path for path, part in PARTS.items() if "nullable" in part]
    assert not [p for p, part in PARTS.items() if part.get("exclusiveMinimum") is True]


def test_a_package_made_of_it_has_a_licence() -> None:
    assert DOCUMENT["info"]["license"] == {
        "name": "Apache-2.0",
        "identifier": "Apache-2.0",
    }


def test_no_enum_is_empty_or_of_null_alone() -> None:
    for path, part in PARTS.items():
        if isinstance(values := part.get("enum"), list):
            assert [value for value in values if value is not None], path
            assert len({str(value).lower() for value in values}) == len(values), path
    assert "NullEnum" not in str(DOCUMENT)
    assert "BlankEnum" not in str(DOCUMENT)


def test_a_word_that_may_be_null_is_still_its_enum() -> None:
    for name in ("Task", "PoolAccount", "FetchedAccount"):
        assert SCHEMAS[name]["properties"]["mode"]["oneOf"] == [
            {"$ref": "#/components/schemas/Speed"},
            {"type": "null"},
        ]


def test_an_object_that_may_be_null_is_one_of_two() -> None:
    """Where its type is a list, some generators do not take null for it."""
    both = [
        path for path, part in PARTS.items() if part.get("type") == ["object", "null"]
    ]

    assert not both
    for schema, name in (("Task", "accountFilter"), ("Operation", "data")):
        object_, null = SCHEMAS[schema]["properties"][name]["oneOf"]
        assert (object_["type"], null) == ("object", {"type": "null"})


def test_every_operation_has_a_name_of_its_own_hooks_too() -> None:
    names = [(part.get("operationId"), path) for path, part in operations()]

    assert not [path for name, path in names if not name]
    assert len({name for name, _ in names}) == len(names)
    assert "submit_imagine_notifyHook" in dict(names)


def test_every_reference_leads_somewhere() -> None:
    for path, part in PARTS.items():
        if isinstance(where := part.get("$ref"), str):
            assert where.rpartition("/")[2] in SCHEMAS, path
            assert set(part) <= {"$ref", "description", "summary"}, path


def test_no_schema_has_a_name_that_a_language_keeps_for_itself() -> None:
    kept = {*keyword.kwlist, "import", "package", "interface", "type", "func", "enum"}
    assert not [name for name in SCHEMAS if name.lower() in kept]
    assert not [name for name in SCHEMAS if not name[0].isupper()]


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMAS[name]["properties"]
    return found


def whole_numbers(schema: str, said: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield each whole number of an answer with its schema."""
    for name, value in said.items():
        of = properties(schema).get(name, {})
        if isinstance(value, dict) and "$ref" in of:
            yield from whole_numbers(of["$ref"].rpartition("/")[2], value)
        elif type(value) is int:
            yield f"{schema}.{name}", value, of


def test_a_number_too_large_for_32_bits_says_so(operator: User) -> None:
    task = make_finished(operator, account=make_account(), message_flags=2**31 - 1)
    found = list(whole_numbers("Task", task_json(task)))

    large = {name for name, value, _ in found if value > INT32}
    assert {"Task.submitTime", "Task.startTime", "Task.finishTime"} == large
    for name, value, of in found:
        assert ("format" in of) == (value > INT32), name
        if value > INT32:
            assert of["format"] == "int64"


def test_every_bound_fits_the_kind_of_its_number() -> None:
    for path, part in PARTS.items():
        kinds = part.get("type")
        if "integer" in (kinds if isinstance(kinds, list) else [kinds]):
            large = part.get("format") == "int64"
            assert large or part.get("maximum", 0) <= INT32, path
            assert large or part.get("minimum", 0) >= -(2**31), path


def test_every_number_of_a_form_has_two_bounds() -> None:
    bodies = {
        part["$ref"].rpartition("/")[2]
        for path, part in PARTS.items()
        if "/requestBody/" in path and "notifyHook" not in path and "$ref" in part
    }
    forms = [name for name in bodies if name in SCHEMAS]
    inner = [
        part["$ref"].rpartition("/")[2]
        for form in forms
        for _, part in parts(SCHEMAS[form])
        if "$ref" in part
    ]
    numbers = [
        (f"{form}.{name}", of)
        for form in {*forms, *inner}
        for name, of in SCHEMAS[form].get("properties", {}).items()
        if of.get("type") in ("integer", "number")
    ]

    assert len(numbers) > 15
    for name, of in numbers:
        assert {"minimum", "maximum"} <= set(of), name


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {}, "components": {"schemas": {}}},
        {
            "paths": {"/x": {"get": {"operationId": "x", "responses": {}}}},
            "components": {"schemas": {"Speed": {"enum": ["FAST"]}}},
        },
    ],
)
def test_what_has_none_of_these_stays_as_it_is(document: dict[str, Any]) -> None:
    before = str(document)

    assert str(named_hooks(plain_null(document))) == before
