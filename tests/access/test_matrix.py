"""Every route and verb, for every caller, with objects of the caller and of another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import pytest
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.exceptions import DemoMode
from gateway.live.routing import websocket_urlpatterns
from mjproxy.lib.web import throttle
from tests.access.callers import (
    ACCOUNTS_SECRET,
    ALICES,
    BOBS,
    BOBS_SECRET,
    CALLERS,
    Caller,
    Objects,
    World,
    make_world,
    settle,
)
from tests.access.table import (
    ADMIN,
    ALL,
    DIALECT,
    LOOSE,
    PAGES,
    SOCKETS,
    Need,
    Verbs,
)

pytestmark = pytest.mark.django_db

PREFIXES: Final = ("mj/", "mj-fast/mj/", "mj-relax/mj/", "mj-turbo/mj/")
# A number that no row has, as long as a task's id.
DOORS: Final = ("/sign-in?next=", "/admin/login/?next=")
FORM: Final = "application/x-www-form-urlencoded"
NOBODYS: Final = 1234567890123456
NOBODYS_JOB: Final = "00000000-0000-4000-8000-000000000000"


def routes() -> list[str]:
    """Return the patterns of all addresses, as paths."""
    return list(_paths(get_resolver().url_patterns))


def _paths(patterns: list[URLPattern | URLResolver], base: str = "") -> Iterator[str]:
    for each in patterns:
        path = base + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _paths(each.url_patterns, path)
        else:
            yield path


TABLE: Final[Mapping[str, Verbs]] = {
    **PAGES,
    **{f"{PREFIXES[0]}{path}": verbs for path, verbs in DIALECT.items()},
}
OF_ADMIN: Final = sorted({path for path in routes() if path.startswith(ADMIN)})


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    found = {path for path in routes() if not path.startswith(ADMIN)}
    expected = {
        *PAGES,
        *(f"{prefix}{path}" for prefix in PREFIXES for path in DIALECT),
    }

    assert found == expected
    assert {str(each.pattern) for each in websocket_urlpatterns} == SOCKETS


# --- calls ----------------------------------------------------------------------------


def path_of(route: str, objects: Objects | None, world: World) -> str:
    """Return an address of a route with the objects of a user, or with nobody's."""
    ids = {
        "task_id": objects.task.pk if objects else NOBODYS,
        "key_id": objects.key.pk if objects else NOBODYS,
        "call_id": objects.call.pk if objects else NOBODYS,
        "user_id": objects.owner.pk if objects else NOBODYS,
        "account_id": world.account.pk,
        "tag_id": world.tag.pk,
        "group_id": world.words.pk,
        "name": "0.png",
        "key": "x",
        "uidb36": "1",
    }
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(ids.get(m[1], 1)), route)
    return "/" + _plain(path)


def _plain(pattern: str) -> str:
    """Return an address that a regular expression of Django's admin matches."""
    path = re.sub(r"\(\?P1[^)]*\)", "accounts", pattern)
    return path.replace("^", "").replace("$", "")


def body_of(route: str, objects: Objects | None) -> dict[str, Any]:
    """Return a body that names an object of a user, or nobody's."""
    task = str(objects.task.pk if objects else NOBODYS)
    job = objects.task.job_id if objects else NOBODYS_JOB
    bodies: dict[str, dict[str, Any]] = {
        "action": {"taskId": task, "customId": f"MJ::JOB::upsample::1::{job}"},
        "modal": {"taskId": task, "prompt": "x"},
        "change": {"taskId": task, "action": "UPSCALE", "index": 1},
        "simple-change": {"content": f"{task} U1"},
        "list-by-condition": {"ids": [task]},
        "list-by-ids": {"ids": [task]},
        "show": {"jobId": job},
    }
    return bodies.get(route.rpartition("/")[2], {})


class Calls:
    """One caller's calls; each is undone, and begins with the cookies of the first."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cookies = {name: each.value for name, each in client.cookies.items()}

    def __call__(self, verb: str, path: str, body: Any) -> HttpResponseBase:
        with transaction.atomic():
            answer = self.kept(verb, path, body)
            transaction.set_rollback(True)
        return answer

    def kept(self, verb: str, path: str, body: Any) -> HttpResponseBase:
        """Make a call, and do not undo it."""
        self.client.cookies.clear()
        for name, value in self.cookies.items():
            self.client.cookies[name] = value
        kind = "application/json" if path.startswith("/mj") else FORM
        data = orjson.dumps(body) if path.startswith("/mj") else urlencode(body)
        answer: HttpResponseBase = self.client.generic(verb, path, data, kind)
        assert answer.status_code != 500, (verb, path)
        return answer


def content_of(answer: Any) -> bytes:
    """Return what an answer says; "" of one that waits or goes on for ever."""
    if not isinstance(answer, HttpResponse):
        if answer.is_async:
            return b""
        return b"".join(answer)
    content: bytes = answer.content
    return content


def has_let_in(answer: HttpResponseBase) -> bool:
    """Tell whether the caller was let in, whatever came of the call."""
    if answer.status_code in (401, 403, 405):
        return False
    if answer.status_code == 302:
        return not is_at_a_door(answer)
    return DemoMode().zh.encode() not in content_of(answer)


def is_at_a_door(answer: HttpResponseBase) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith(DOORS)


def is_loose(route: str, verb: str) -> bool:
    """Tell whether who may GET a page may also use this verb, to no other effect."""
    return route.startswith(LOOSE) and verb not in PAGES[route]


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(autouse=True)
def _tries_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "TRIES_PER_ADDRESS", 1_000_000)
    monkeypatch.setattr(throttle, "TRIES_PER_NAME", 1_000_000)


# Of these each database is asked; the others come in, or not, by the same statements.
ON_EACH_DATABASE: Final = {"guest", "user", "user's page", "operator's page"}


def each_of(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test with each of these callers, as `name`."""
    other = pytest.mark.any_database
    marks = {name: () if name in ON_EACH_DATABASE else (other,) for name in names}
    found = [pytest.param(name, marks=mark) for name, mark in marks.items()]
    return pytest.mark.parametrize("name", found)


def calls_of(caller: Caller, world: World) -> Calls:
    settle(caller)
    return Calls(caller.opens(world))


@each_of(CALLERS)
def test_who_is_let_in(name: str, world: World) -> None:
    caller = CALLERS[name]
    call = calls_of(caller, world)
    wrong = []
    for route, verbs in TABLE.items():
        path = path_of(route, world.alice, world)
        for verb in ALL:
            answer = call(verb, path, body_of(route, world.alice))
            may = verb in verbs and caller.may(verbs[verb])
            if is_loose(route, verb) and caller.may(verbs["GET"]):
                continue
            if has_let_in(answer) != may:
                wrong.append((route, verb, may, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))


# One door leads to all its pages, so a few callers are enough.
AT_THE_DOOR: Final = [
    name for name, caller in CALLERS.items() if caller.has_session or caller.is_visitor
] + ["stranger", "operator"]


@each_of(AT_THE_DOOR)
def test_who_opens_the_admin(name: str, world: World) -> None:
    caller = CALLERS[name]
    call = calls_of(caller, world)
    may = caller.may(Need.SESSION_OPERATOR)
    # Its pages are many and large: an operator's need not be made again for each verb.
    # Behind the door not every page may be opened: some rows are read-only.
    verbs = ("HEAD",) if may else ("GET", "POST", "DELETE")
    doors = {f"{ADMIN}login/", f"{ADMIN}logout/"}
    pages = [page for page in OF_ADMIN if not (may and "<" in page)]
    wrong = [
        (route, verb)
        for route in pages
        if route not in doors
        for verb in verbs
        if is_at_a_door(call(verb, path_of(route, world.alice, world), {})) == may
    ]

    assert not wrong, "\n".join(map(str, wrong))


# --- objects of another user ----------------------------------------------------------

OTHERS: Final = [name for name, caller in CALLERS.items() if not (caller.is_operator)]


@each_of(OTHERS)
def test_nobody_crosses_to_another_user(name: str, world: World) -> None:
    caller = CALLERS[name]
    call = calls_of(caller, world)
    before = world.bob.rows()
    hidden = [BOBS_SECRET, ACCOUNTS_SECRET, *([] if caller.is_visitor else [BOBS])]
    wrong = []
    for route, verbs in TABLE.items():
        path = path_of(route, world.bob, world)
        for verb in verbs:
            with transaction.atomic():
                answer = call.kept(verb, path, body_of(route, world.bob))
                if verb != "GET" and world.bob.rows() != before:
                    wrong.append((route, verb, "changed"))
                transaction.set_rollback(True)
            said = content_of(answer).decode(errors="replace")
            wrong += [(route, verb, text) for text in hidden if text in said]

    assert not wrong, "\n".join(map(str, wrong))


# The same answer for another's object as for nobody's, but for numbers and names.
_ID: Final = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}")
_NAMING: Final = ("task_id", "key_id", "call_id")


@pytest.mark.parametrize("name", ["user", "guest", "user's page"])
def test_anothers_object_is_answered_like_nobodys(name: str, world: World) -> None:
    caller = CALLERS[name]
    call = calls_of(caller, world)
    compared, wrong = 0, []
    for route, verbs in TABLE.items():
        if not (any(part in route for part in _NAMING) or body_of(route, None)):
            continue
        for verb, need in verbs.items():
            if not caller.may(need):
                continue
            said = [
                _said(call(verb, path_of(route, whose, world), body_of(route, whose)))
                for whose in (world.bob, None)
            ]
            compared += 1
            if said[0] != said[1]:
                wrong.append((route, verb, *said))

    assert not wrong, "\n".join(map(str, wrong))
    assert compared > 3


def _said(answer: HttpResponseBase) -> tuple[int, str]:
    return answer.status_code, _ID.sub("#", content_of(answer).decode())


def test_a_user_sees_their_own(world: World) -> None:
    """Without this the tests above could find nothing, because nothing is shown."""
    call = calls_of(CALLERS["user"], world)
    page = calls_of(CALLERS["user's page"], world)
    route = f"{PREFIXES[0]}task/<task_id>/fetch"

    for answer in (
        call("GET", "/mj/task/list", {}),
        call("POST", "/mj/task/list-by-ids", {"ids": [str(world.alice.task.pk)]}),
        call("GET", path_of(route, world.alice, world), {}),
        page("GET", "/me/data/export", {}),
    ):
        assert ALICES in content_of(answer).decode()
    for path in ("/me/keys", "/me/webhooks"):
        assert "of-alice" in content_of(page("GET", path, {})).decode()


def test_a_visitor_sees_others_drawings_and_no_secret(world: World) -> None:
    call = calls_of(CALLERS["visitor"], world)

    for answer in (
        call("GET", "/mj/task/list", {}),
        call("POST", "/mj/admin/tasks", {}),
        call("GET", f"/mj/task/{world.bob.task.pk}/fetch", {}),
    ):
        said = content_of(answer).decode()
        assert BOBS in said
        assert BOBS_SECRET not in said
