"""Limits of requests: a maximum for each list, and for each address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from accounts.api.transfer_views import ImportView
from accounts.models import DiscordAccount, User
from accounts.transfer.accounts import MOST_ACCOUNTS
from mjproxy.lib.dialect.fields import DialectSerializer, Items
from mjproxy.web import body_limits
from mjproxy.web.body_limits import body_limit
from mjproxy.web.json_api import MOST_PARTS
from tasks.api import task_views
from tasks.api.shapes.forms import MAX_IDS, Ids
from tests.conftest import ApiClient
from tests.factories import make_task

MB: Final = 1_000_000
MAX: Final = 30 * MB
PICTURES: Final = {
    *("base64", "base64Array", "maskBase64", "image", "endImage", "file"),
    *("sourceBase64", "targetFile"),
}
_generator: Any = SchemaGenerator  # it has no types
DOCUMENT: Final[dict[str, Any]] = _generator().get_schema(request=None, public=True)


def forms(kind: Any = DialectSerializer) -> Iterator[Any]:
    """Yield each form that reads what is sent."""
    for form in kind.__subclasses__():
        yield form
        yield from forms(form)


def fields(form: Any) -> Iterator[tuple[str, Any]]:
    for name, field in form.fields.items():
        yield f"{type(form).__name__}.{name}", field
        if isinstance(field, serializers.Serializer):
            yield from fields(field)


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the address and the schema of each body."""
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                yield path, _whole(kind["schema"])


def _whole(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            return _whole(DOCUMENT["components"]["schemas"][name])
        return {name: _whole(inner) for name, inner in part.items()}
    return [_whole(inner) for inner in part] if isinstance(part, list) else part


def arrays(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "array":
            yield part
        for inner in part.values():
            yield from arrays(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from arrays(inner)


def test_every_list_that_is_read_counts_before_it_looks() -> None:
    lists = (
        serializers.ListField,
        serializers.ListSerializer,
        serializers.MultipleChoiceField,
    )
    found = dict(pair for form in forms() for pair in fields(form()))

    read = {name: field for name, field in found.items() if isinstance(field, lists)}

    assert [name for name, field in read.items() if not isinstance(field, Items)] == []
    assert len(read) > 10
    assert isinstance(found["ByIdsSerializer.ids"], Ids)


def test_the_schema_tells_the_maximum_of_each_list() -> None:
    found = [(path, array) for path, body in bodies() for array in arrays(body)]

    assert [path for path, array in found if "maxItems" not in array] == []
    assert len(found) > 10


@pytest.mark.parametrize(
    "body",
    [
        {"base64Array": [[]] * 1_000_000},
        {"base64Array": ["https://a.example/1.png"] * 50_000, "prompt": "x"},
        {"prompt": "x", "accountFilter": {"modes": ["FAST"] * 90_000}},
        {"prompt": "x", "other": [{}] * 1_000_000},
        [[]] * 1_000_000,
    ],
    ids=["a million lists", "links", "modes", "a member nobody reads", "no object"],
)
def test_a_list_without_end_is_refused_at_once(
    api: ApiClient, account: DiscordAccount, body: Any
) -> None:
    text = orjson.dumps(body)
    begun = time.process_time()

    answer = api.generic("POST", "/mj/submit/imagine", text, "application/json")

    assert time.process_time() - begun < 0.5  # seconds; some milliseconds on their own
    assert (answer.status_code, answer.json()["success"]) == (200, False)


def test_the_parts_of_an_import_are_as_many_as_a_file_may_have() -> None:
    assert ImportView.most_parts > MOST_ACCOUNTS * 100 > MOST_PARTS


@pytest.mark.parametrize("path", sorted({path for path, _ in bodies()}))
def test_only_addresses_that_take_files_take_large_bodies(path: str) -> None:
    names = {
        n for at, body in bodies() if at == path for n in body.get("properties", ())
    }

    limit = body_limit(path.replace("{", "").replace("}", ""))

    if names & PICTURES:
        assert limit == MAX
    elif path.startswith("/mj/admin/"):
        assert limit <= body_limits.FORMS
    else:
        assert limit <= body_limits.WORDS


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/mj/admin/login", 4_000),
        ("/mj-fast/mj/admin/login", 4_000),
        ("//MJ/mj/Admin/login/", 4_000),
        ("/mj/submit/imagine", MAX),
        ("/mj-turbo/mj/submit/blend", MAX),
        ("/submit/imagine", MAX),
        ("/mj/submit/action", body_limits.WORDS),
        ("/mj/task/list-by-ids", body_limits.WORDS),
        ("/mj/task/1/fetch", body_limits.SMALL),
        ("/mj", body_limits.SMALL),
        ("/mj/nowhere", body_limits.SMALL),
        ("/", body_limits.SMALL),
        ("/sign-in", body_limits.SMALL),
        ("/api/schema", body_limits.SMALL),
        ("/admin/tasks/bannedwordgroup/add/", body_limits.FORMS),
        ("/admin/accounts/discordaccount/import-accounts/", MAX),
        ("/mj/admin/accounts-import", MAX),
    ],
)
def test_an_address_has_a_limit_that_fits_it(path: str, limit: int) -> None:
    assert body_limit(path) == limit


def test_no_limit_is_above_that_of_the_server(settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1 * MB

    for path in ("/mj/submit/imagine", "/admin/x/", "/mj/admin/accounts-import"):
        assert body_limit(path) == 1 * MB


def test_a_list_of_long_tasks_ends_when_it_is_long_enough(
    api: ApiClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_views, "MOST_BYTES", 40_000)
    ids = [make_task(alice, prompt="x" * 8_000).pk for _ in range(9)]

    listed = api.send("/mj/task/list-by-ids", {"ids": ids})
    queue = api.get("/mj/task/queue")

    for answer in (listed, queue):
        found = [int(row["id"]) for row in answer.json()]
        assert 1 <= len(found) < 9
        assert found == ids[: len(found)]
        assert len(answer.content) < 40_000


def test_one_task_is_listed_however_long_it_is(
    api: ApiClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_views, "MOST_BYTES", 10)
    task = make_task(alice)

    answer = api.send("/mj/task/list-by-ids", {"ids": [task.pk, task.pk]})

    assert [row["id"] for row in answer.json()] == [str(task.pk)]


def test_the_ids_that_may_be_asked_for_fit_into_their_body() -> None:
    ids = [str(2**53)] * MAX_IDS

    assert len(orjson.dumps({"ids": ids})) < body_limit("/mj/task/list-by-ids")
