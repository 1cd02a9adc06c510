"""Behaviour that all known clients rely on, item by item of docs/api.md."""

from __future__ import annotations

import json
from typing import Final

import pytest

from accounts.models import AccessSettings, DiscordAccount, User
from accounts.people.users import ensure_operator
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance
from tests.conftest import ALICES_KEY, ApiClient
from tests.factories import make_finished, make_task
from tests.tasks.webhook_calls import called, claimed

SUBMITS: Final = {
    "/mj/submit/imagine": {"prompt": "fox"},
    "/mj/submit/action": {"taskId": "1", "customId": "x"},
    "/mj/submit/change": {"taskId": "1", "action": "UPSCALE", "index": 1},
    "/mj/submit/simple-change": {"content": "1 U1"},
}
ADDRESSES: Final = [
    *(("POST", path) for path in SUBMITS),
    ("GET", "/mj/task/1/fetch"),
    ("GET", "/mj/task/list"),
    ("GET", "/mj/task/queue"),
    ("POST", "/mj/task/list-by-condition"),
    ("POST", "/mj/task/list-by-ids"),
    ("POST", "/mj/task/1/cancel"),
    ("GET", "/mj/account/list"),
    ("POST", "/mj/admin/account"),
    ("POST", "/mj/admin/user"),
]
KEYS: Final = {
    "mj-api-secret": {"mj-api-secret": ALICES_KEY},
    "capital": {"Mj-Api-Secret": ALICES_KEY},
    "bearer": {"Authorization": f"Bearer {ALICES_KEY}"},
    "small bearer": {"Authorization": f"bearer {ALICES_KEY}"},
    "raw": {"Authorization": ALICES_KEY},
    "both": {"Authorization": f"Bearer {ALICES_KEY}", "mj-api-secret": ALICES_KEY},
    "empty authorization": {"Authorization": "", "mj-api-secret": ALICES_KEY},
    "bare bearer": {"Authorization": "Bearer ", "mj-api-secret": ALICES_KEY},
    "one wrong": {"Authorization": "Bearer wrong", "mj-api-secret": ALICES_KEY},
    "other wrong": {"Authorization": ALICES_KEY, "mj-api-secret": "wrong"},
}
TASK_KEYS: Final = {
    *("id", "action", "status", "prompt", "promptEn", "description", "state"),
    *("submitTime", "startTime", "finishTime", "progress", "imageUrl", "failReason"),
    *("buttons", "properties", "botType", "customId", "mode", "maskBase64"),
    "displays",
}
PREFIXES: Final = ["/mj", "/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj"]


# 1 and 2: the answer of a submit


@pytest.mark.parametrize("path", SUBMITS)
def test_a_refusal_is_compact_json_with_four_keys(
    api: ApiClient, account: DiscordAccount, path: str
) -> None:
    answer = api.send(path, {})

    said = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert set(said) == {"code", "description", "result", "properties"}
    assert (said["code"], said["result"]) == (4, None)
    assert isinstance(said["properties"], dict)
    assert answer.content.startswith(b'{"code":4,"description":"')


def test_an_accepted_submit_has_a_string_as_result(
    api: ApiClient, account: DiscordAccount
) -> None:
    answer = api.send("/mj/submit/imagine", {"prompt": "fox"})

    said = answer.json()
    assert set(said) == {"code", "description", "result", "properties"}
    assert answer.content.startswith(b'{"code":1,')
    assert isinstance(said["result"], str)
    assert said["result"].isdigit()


def test_letters_of_any_script_are_not_escaped(api: ApiClient) -> None:
    assert "prompt不能为空".encode() in api.send("/mj/submit/imagine", {}).content


# 1 and 3: keys


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_a_right_key_it_is_401_as_json(
    db: None, method: str, path: str, key: str
) -> None:
    answer = ApiClient(key).generic(method, path, "{}", "application/json")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["success"] is False


@pytest.mark.parametrize("headers", KEYS.values(), ids=KEYS)
def test_a_key_arrives_in_any_form(
    alice: User, stranger: ApiClient, headers: dict[str, str]
) -> None:
    task = make_task(alice)

    looked = stranger.get(f"/mj/task/{task.pk}/fetch", headers=headers)
    listed = stranger.get("/mj/task/list", headers=headers)

    assert looked.json() == listed.json()[0]


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_server_without_keys_serves_all_as_one_guest(
    stranger: ApiClient, account: DiscordAccount, key: str
) -> None:
    ensure_operator()
    AccessSettings.objects.create(allow_without_key=True)
    headers = {"mj-api-secret": key}

    said = stranger.send("/mj/submit/imagine", {"prompt": "fox"}, headers=headers)

    looked = stranger.get(f"/mj/task/{said.json()['result']}/fetch", headers=headers)
    assert looked.json()["prompt"] == "fox"
    assert Task.objects.get().owner.username == "guest"


# 3: addresses


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("path", ["/task/list", "/task/queue", "/account/list"])
def test_every_prefix_serves_every_address(
    api: ApiClient, prefix: str, path: str
) -> None:
    assert api.get(prefix + path).json() == []


@pytest.mark.parametrize(
    "path",
    [
        "/mj//task/list",
        "//mj/task/list",
        "/mj/mj/task/list",
        "/mj//mj/task//list",
        "/mj/task/list/",
        "/task/list",
        "/MJ/Task/LIST",
        "/mj-fast/task/list",
        "/mj/mj-fast/mj/task/list",
        "/mj-fast/mj/mj/task/list",
        "/Mj-Fast/mj//task/list",
    ],
)
def test_slashes_capitals_and_a_doubled_or_missing_mj_do_not_matter(
    api: ApiClient, path: str
) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(
    "path",
    ["/mj", "/mj/", "/mj/nothing", "/mj-fast", "/mj/submit", "/mj-x/mj/task/list"]
    + ["/mj/submit/nothing", "/mj/task/1", "/mj/admin", "/mjx"],
)
def test_an_unknown_address_is_404_as_json(api: ApiClient, path: str) -> None:
    for answer in (api.get(path), api.send(path, {})):
        assert answer.status_code == 404
        assert answer.json()["success"] is False


# 4: what is empty or unknown, see test_submit_imagine; here the size


def test_a_body_of_ten_megabytes_is_read(
    api: ApiClient, account: DiscordAccount
) -> None:
    answer = api.send("/mj/submit/imagine", {"prompt": "fox", "x": "y" * 10_000_000})

    assert answer.json()["code"] == 1


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    + ["application/json; charset=utf-8", "application/json; charset=nonsense", "x"],
)
def test_the_content_type_of_json_does_not_matter(
    api: ApiClient, account: DiscordAccount, content_type: str
) -> None:
    body = json.dumps({"prompt": "狐狸"}).encode()

    answer = api.generic("POST", "/mj/submit/imagine", body, content_type)

    assert answer.json()["code"] == 1


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*", "nonsense"])
def test_whatever_a_client_accepts_it_is_json(api: ApiClient, accept: str) -> None:
    answer = api.get("/mj/task/list", headers={"Accept": accept})

    assert answer["Content-Type"] == "application/json"


# 5


@pytest.mark.parametrize("body", ["{}", "null", "", "[", "x=1"])
@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/account/list"])
def test_a_get_may_carry_a_body(api: ApiClient, path: str, body: str) -> None:
    answer = api.generic("GET", path, body, "application/json")

    assert (answer.status_code, answer.json()) == (200, [])


# 6: browsers


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_a_preflight_needs_no_key_and_allows_what_is_asked(
    stranger: ApiClient, method: str, path: str
) -> None:
    answer = stranger.options(
        path,
        headers={
            "Origin": "https://client.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,x-ptoken,x-of-their-own",
        },
    )

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "x-of-their-own" in answer["Access-Control-Allow-Headers"]
    for verb in ("GET", "POST", "PUT", "DELETE"):
        assert verb in answer["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/mj/task/list", 200),
        ("/mj//task/list", 200),
        ("/task/list", 200),
        ("/mj/task/1/fetch", 204),
        ("/mj/nothing", 404),
        ("/mj/task/1/cancel", 405),
        ("/mj/admin/user", 401),
    ],
)
def test_every_answer_may_be_read_by_any_origin(
    api: ApiClient, path: str, status: int
) -> None:
    answer = api.get(path, headers={"Origin": "https://client.example"})

    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == "*"


# 7


def test_a_picture_has_an_absolute_link_that_ends_in_a_name(
    api: ApiClient, alice: User
) -> None:
    done = make_finished(alice)
    drawing = make_task(
        alice, status=TaskStatus.IN_PROGRESS, progress=31, preview_source="https://x/p"
    )

    links = [
        api.get(f"/mj/task/{task.pk}/fetch").json()["imageUrl"]
        for task in (done, drawing)
    ]

    assert [link.rpartition(".")[2] for link in links] == ["png", "webp"]
    assert all(link.startswith("http://testserver/images/") for link in links)


# 8 to 16: the task object


@pytest.mark.parametrize("status", list(TaskStatus))
def test_a_task_has_every_key_in_every_status(
    api: ApiClient, alice: User, status: TaskStatus
) -> None:
    task = make_task(alice, status=status)

    said = api.get(f"/mj/task/{task.pk}/fetch").json()

    assert set(said) >= TASK_KEYS
    assert said["status"] == status.value
    assert isinstance(said["buttons"], list)
    assert isinstance(said["displays"], dict)
    for name in ("finalPrompt", "finalZhPrompt"):
        assert isinstance(said["properties"][name], str)
    for name in ("submitTime", "startTime", "finishTime"):
        assert said[name] is None or type(said[name]) is int
    assert (said["videoUrls"], said["imageUrls"]) == (None, None)


@pytest.mark.parametrize(
    ("status", "percent", "shown"),
    [
        (TaskStatus.NOT_START, None, None),
        (TaskStatus.MODAL, None, None),
        (TaskStatus.SUBMITTED, None, "0%"),
        (TaskStatus.IN_PROGRESS, 42, "42%"),
        (TaskStatus.IN_PROGRESS, 100, "99%"),
        (TaskStatus.SUCCESS, 97, "100%"),
        (TaskStatus.FAILURE, 42, ""),
    ],
)
def test_progress_is_a_hundred_at_the_end_and_only_there(
    api: ApiClient,
    alice: User,
    status: TaskStatus,
    percent: int | None,
    shown: str | None,
) -> None:
    task = make_task(alice, status=status, progress=percent)

    assert api.get(f"/mj/task/{task.pk}/fetch").json()["progress"] == shown


def test_a_reason_comes_with_failure_and_not_before(
    api: ApiClient, alice: User
) -> None:
    task = make_task(alice)
    before = api.get(f"/mj/task/{task.pk}/fetch").json()["failReason"]

    advance(task.pk, TaskStatus.FAILURE, fail_reason="queue is full")

    said = api.get(f"/mj/task/{task.pk}/fetch").json()
    assert (before, said["failReason"]) == ("", "queue is full")
    assert said["startTime"] <= said["finishTime"]


def test_a_task_can_be_fetched_as_soon_as_its_id_is_known(
    api: ApiClient, account: DiscordAccount
) -> None:
    result = api.send("/mj/submit/imagine", {"prompt": "fox"}).json()["result"]

    assert api.get(f"/mj/task/{result}/fetch").json()["id"] == result
    assert int(result) < 2**53


def test_buttons_are_strings_and_integers(api: ApiClient, alice: User) -> None:
    task = make_finished(alice)

    buttons = api.get(f"/mj/task/{task.pk}/fetch").json()["buttons"]

    assert [b["label"] for b in buttons[:5]] == ["U1", "U2", "U3", "U4", ""]
    for button in buttons:
        assert all(type(button[k]) is str for k in ("customId", "emoji", "label"))
        assert all(type(button[k]) is int for k in ("type", "style"))


@pytest.mark.parametrize("state", ["", " ", "房间:用户", '{"a": [1, "\\n"]}', "a\tb\n"])
def test_state_comes_back_to_the_letter(
    api: ApiClient, account: DiscordAccount, state: str
) -> None:
    body = {"prompt": "fox", "state": state, "notifyHook": "http://127.0.0.1/h"}
    result = api.send("/mj/submit/imagine", body).json()["result"]

    advance(int(result), TaskStatus.SUBMITTED)

    assert api.get(f"/mj/task/{result}/fetch").json()["state"] == state
    assert json.loads(claimed(Task.objects.get()).body)["state"] == state


# 18 and 20, see test_submit_action, test_submit_change. 21 and 22:


def test_hooks_are_told_of_each_step_in_order(
    api: ApiClient, account: DiscordAccount
) -> None:
    body = {"prompt": "fox", "notifyHook": "http://127.0.0.1/h"}
    pk = int(api.send("/mj/submit/imagine", body).json()["result"])

    told = []
    for status in (TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS):
        advance(pk, status, progress=31)
        told.append(json.loads(called(Task.objects.get(pk=pk)).body))
    seen = [f"{each['status']} {each['progress']}" for each in told]
    assert seen == ["SUBMITTED 31%", "IN_PROGRESS 31%", "SUCCESS 100%"]


def test_a_failed_task_is_answered_for_ever(api: ApiClient, alice: User) -> None:
    task = make_task(alice, status=TaskStatus.FAILURE)

    for _ in range(20):
        assert api.get(f"/mj/task/{task.pk}/fetch").status_code == 200
