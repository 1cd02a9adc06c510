from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, User
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_finished

PATH = "/mj/submit/simple-change"


@pytest.mark.parametrize(
    ("word", "template"),
    [
        ("U1", "MJ::JOB::upsample::1::{job}"),
        ("u4", "MJ::JOB::upsample::4::{job}"),
        ("U12", "MJ::JOB::upsample::1::{job}"),
        ("v2", "MJ::JOB::variation::2::{job}"),
        ("R", "MJ::JOB::reroll::0::{job}::SOLO"),
        ("r", "MJ::JOB::reroll::0::{job}::SOLO"),
    ],
)
def test_it_reads_one_line(
    api: ApiClient, alice: User, account: DiscordAccount, word: str, template: str
) -> None:
    grid = make_finished(alice, account=account)

    said = api.send(PATH, {"content": f"{grid.pk} {word}"}).json()

    assert Task.objects.get(pk=said["result"]).custom_id == template.format(
        job=grid.job_id
    )


@pytest.mark.parametrize("content", [None, "", "1", "U1", "1 W1", "1 U", "1 U1 x"])
def test_a_line_that_says_nothing_is_refused(
    api: ApiClient, content: str | None
) -> None:
    said = api.send(PATH, {"content": content}).json()

    assert (said["code"], said["description"]) == (4, "content 参数错误")


@pytest.mark.parametrize("task_id", ["123", "abc"])
def test_an_unknown_parent_is_404_with_code_3(api: ApiClient, task_id: str) -> None:
    answer = api.send(PATH, {"content": f"{task_id} U1"})

    assert (answer.status_code, answer.json()["code"]) == (404, 3)
