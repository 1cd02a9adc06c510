"""`POST /mj/admin/mjplus-migration` begins to move in."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.people.keys import ADMIN_NAME
from tasks.models import MoveIn
from tests.conftest import ApiClient
from tests.factories import make_user

PATH = "/mj/admin/mjplus-migration"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _boss(db: None) -> User:
    return make_user(ADMIN_NAME, is_staff=True)


def test_it_begins_a_run_and_answers_at_once(
    operator_api: ApiClient, operator: User
) -> None:
    asked = {"host": "https://old.example/mj/", "apiSecret": "the-old-key"}

    answer = operator_api.send(PATH, asked).json()

    run = MoveIn.objects.get()
    assert (answer["success"], answer["code"]) == (True, 0)
    assert answer["data"] == {"id": str(run.pk)}
    assert (run.source, run.host) == ("plus", "https://old.example")
    assert (run.api_key, run.owner_id) == ("the-old-key", operator.pk)
    assert "the-old-key" not in str(answer)


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, True), ({"copyPictures": True}, True), ({"copyPictures": False}, False)],
)
def test_pictures_come_along_unless_that_is_not_wanted(
    operator_api: ApiClient, more: dict[str, bool], expected: bool
) -> None:
    asked = {"host": "https://old.example", "apiSecret": "the-old-key"}

    operator_api.send(PATH, asked | more)

    assert MoveIn.objects.get().with_pictures is expected


def test_a_second_one_is_refused_while_the_first_runs(operator_api: ApiClient) -> None:
    asked = {"host": "https://old.example", "apiSecret": "the-old-key"}
    operator_api.send(PATH, asked)

    answer = operator_api.send(PATH, asked).json()

    assert (answer["success"], answer["code"]) == (False, -1)
    assert answer["message"] == "迁移任务执行中..."
    assert MoveIn.objects.count() == 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"host": "https://old.example", "apiSecret": "a\r\nb"},
        {"host": "http://169.254.169.254/", "apiSecret": "x"},
        {"host": "http://localhost.:22", "apiSecret": "x"},
        {"host": ["https://old.example"], "apiSecret": "x"},
        {"host": "file:///etc/passwd", "apiSecret": "x"},
        {"host": "https://old.example", "apiSecret": "x", "copyPictures": "perhaps"},
    ],
)
def test_wrong_parameters_begin_nothing(
    operator_api: ApiClient, asked: dict[str, object]
) -> None:
    answer = operator_api.send(PATH, asked)

    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert not MoveIn.objects.exists()


def test_others_than_operators_begin_nothing(api: ApiClient) -> None:
    answer = api.send(PATH, {"host": "https://old.example", "apiSecret": "x"})

    assert answer.status_code == 401
    assert not MoveIn.objects.exists()
