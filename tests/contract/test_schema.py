"""The API keeps what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import channels.db
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.api.examples import ACCOUNT, OPERATORS_ACCOUNT
from accounts.models import DomainTag, User
from accounts.wire.account import (
    PUBLIC,
    FetchedAccountSerializer,
    PoolAccountSerializer,
    accounts_json,
)
from tasks.api import errand_views
from tasks.api.shapes import examples
from tasks.api.shapes.answers import (
    TaskDisplaysSerializer,
    TaskPropertiesSerializer,
    TaskSerializer,
)
from tasks.models import BannedWordGroup, SwapSettings
from tasks.wire import task_json
from tests.conftest import OPERATORS_KEY
from tests.contract.clients.base import KEY
from tests.contract.scene import Scene
from tests.factories import make_account, make_finished, make_user
from tests.pictures import data_url, picture

_generator: Any = SchemaGenerator  # it has no types
DOCUMENT: Final = _generator().get_schema(request=None, public=True)
OPERATIONS: Final = {
    operation["operationId"]: (path, method.upper(), operation)
    for path, operations in sorted(DOCUMENT["paths"].items())
    for method, operation in operations.items()
}
WITH_A_BODY: Final = [
    name for name, (*_, found) in OPERATIONS.items() if "requestBody" in found
]
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KEYS: Final = {"Authorization", "mj-api-secret"}
# No slash: the router would look for another address.
FACE: Final = data_url(picture())
ODD: Final = ("0", "1", "9" * 19, "9" * 40, "-1", "abc", "１２", "\0", "a b", "é")
bounded: Final = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def api() -> Any:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = get_wsgi_application()
    return schema


@pytest.fixture
def known(scene: Scene, operator: User) -> dict[str, list[str]]:
    """Return values that mean something, by the names of parameters and members."""
    swaps = SwapSettings.get_solo()
    swaps.enabled = swaps.video_enabled = True
    swaps.reason, swaps.token = "for the tests", "a-token"
    swaps.save()
    User.objects.update(may_swap_faces=True)
    finished = [str(scene.grid.pk), str(scene.single.pk)]
    windows = [str(scene.zoom.pk), str(scene.region.pk)]
    buttons = [*scene.grid.buttons, *scene.single.buttons]
    channel = scene.account.channel_id
    return {
        "task_id": finished,
        "account_id": [str(scene.account.pk), channel],
        "user_id": [str(make_user("erin").pk), str(operator.pk)],
        "tag_id": [str(DomainTag.objects.create(name="animals").pk)],
        "group_id": [BannedWordGroup.objects.create(name="words").pk],
        "taskId": [*finished, *windows],
        "customId": [str(button["customId"]) for button in buttons],
        "content": [f"{task_id} {word}" for task_id in finished for word in "UVR"],
        "jobId": [str(scene.grid.job_id)],
        "channelId": [channel],
        "host": ["https://old.example", "http://8.8.8.8/mj"],
        "apiSecret": ["a-key-of-the-old-server"],
        "sourceBase64": [FACE],
        "targetBase64": [FACE],
        "sourceUrl": ["https://a.example/face.png"],
        "targetUrl": ["https://a.example/target.mp4"],
    }


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let requests share the test's transaction, as Django's own client does."""
    monkeypatch.setattr(channels.db, "close_old_connections", lambda: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _nobody_at_the_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for Discord is late at once."""
    for name in ("SEED_SECONDS", "UPLOAD_SECONDS", "PRESS_SECONDS"):
        monkeypatch.setattr(errand_views, name, 0.0)


# The client here reads no compressed answer.
PLAIN: Final = {"Accept-Encoding": "identity"}
# A stream that is told in one piece is the same story.
in_one_piece: Final = pytest.mark.filterwarnings(
    "ignore:StreamingHttpResponse must consume asynchronous iterators:Warning"
)


by_both: Final = pytest.mark.parametrize(
    "key", [OPERATORS_KEY, KEY], ids=["operator", "user"]
)


@in_one_piece
@by_both
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_a_documented_one(
    api: Any, known: dict[str, list[str]], name: str, key: str
) -> None:
    _send_many(api, known, name, GenerationMode.POSITIVE, key)


@in_one_piece
@by_both
@pytest.mark.parametrize("name", WITH_A_BODY)
def test_a_wrong_body_is_answered_as_documented_too(
    api: Any, known: dict[str, list[str]], name: str, key: str
) -> None:
    _send_many(api, known, name, GenerationMode.NEGATIVE, key)


def _send_many(
    api: Any, known: dict[str, list[str]], name: str, mode: GenerationMode, key: str
) -> None:
    path, method, operation = OPERATIONS[name]
    # Invented headers go: some mean something to the server, such as Host. Hypothesis
    # takes their names from all modules that are loaded, so they change with these.
    described = KEYS | {
        each["name"]
        for each in operation.get("parameters", ())
        if each["in"] == "header"
    }
    meant, odd = _values(known), _values(dict.fromkeys(known, ODD))

    @bounded
    @given(
        case=api[path][method].as_strategy(mode, path_parameters=_some(path)),
        values=st.one_of(
            st.tuples(st.just(True), meant), st.tuples(st.just(False), odd)
        ),
    )
    def send(case: Any, values: tuple[bool, dict[str, str]]) -> None:
        is_meant, found = values
        for header in set(case.headers) - described:
            del case.headers[header]
        for member in case.path_parameters or {}:
            case.path_parameters[member] = found[member]
        if is_meant and isinstance(case.body, dict):
            case.body |= {n: v for n, v in found.items() if n in case.body}
            if path.startswith("/mj/admin/account"):
                case.body = _numbers_first(case.body, found)
        response = case.call(headers={"mj-api-secret": key} | PLAIN)
        case.validate_response(response, checks=CHECKS)
        if path.startswith("/mj/admin/") and b'"success":true' in response.content:
            _a_drawing_may_be_asked_for(api)

    send()


def _values(of: Mapping[str, Sequence[str]]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({n: st.sampled_from(some) for n, some in of.items()})


def _numbers_first(body: dict[str, Any], found: dict[str, str]) -> Any:
    """Leave out the words by which it would be refused, so that the rest is read."""
    plain = {n: v for n, v in body.items() if not isinstance(v, (str, list))}
    if isinstance(changes := body.get("changes"), dict):
        plain["changes"] = _numbers_first(changes, found)
    if "ids" in body:
        plain["ids"] = [found["account_id"]]
    return plain | {n: v for n, v in found.items() if n in body}


def _a_drawing_may_be_asked_for(api: Any) -> None:
    """What was written must not break a later submit."""
    imagine = api["/mj/submit/imagine"]["POST"]
    case = imagine.Case(body={"prompt": "a red fox"}, media_type="application/json")
    response = case.call(headers={"mj-api-secret": KEY} | PLAIN)
    case.validate_response(response, checks=CHECKS)


def _some(path: str) -> dict[str, str]:
    """Return something in the place of the path's parameter; it is replaced."""
    return {n: "1" for n in ("task_id", "account_id") if f"{{{n}}}" in path}


def test_a_task_has_the_keys_of_its_schema(operator: User) -> None:
    task = task_json(make_finished(operator))

    for said in (task, examples.TASK):
        assert list(said) == list(TaskSerializer().fields)
        assert list(said["properties"]) == list(TaskPropertiesSerializer().fields)
        assert list(said["displays"]) == list(TaskDisplaysSerializer().fields)


def test_an_account_has_the_keys_of_its_schema(operator: User) -> None:
    account = make_account()
    [listed] = accounts_json([account], operator, whole=False)
    [whole] = accounts_json([account], operator, whole=True)

    assert list(listed) == list(PoolAccountSerializer().fields)
    assert list(whole) == list(FetchedAccountSerializer().fields)
    assert set(OPERATORS_ACCOUNT) <= set(whole)
    assert list(ACCOUNT) == [m.name for m in PUBLIC]


def test_the_hook_is_described_with_the_task() -> None:
    *_, imagine = OPERATIONS["submit_imagine"]
    (hook,) = imagine["callbacks"]["notifyHook"].values()

    body = hook["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Task"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_an_example_or_no_body_to_show(name: str) -> None:
    *_, operation = OPERATIONS[name]

    answers = operation["responses"]["200"].get("content", {}).values()
    assert all(answer.get("examples") for answer in answers)
    sent = operation.get("requestBody", {}).get("content", {}).values()
    assert all(body.get("examples") for body in sent)
    assert operation["summary"]
    assert set(operation["responses"]) >= {"401", "503"}
