from __future__ import annotations

from typing import Any

import orjson
import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.wire import task_bytes, task_json
from tests.factories import make_account, make_finished, make_task
from tests.tasks.parents import (
    JOB,
    PAN,
    make_clip,
    make_clips,
    make_described,
    make_single,
    make_window,
)

BASE = "https://pictures.example"


def properties(task: Task) -> Any:
    return task_json(task)["properties"]


def test_a_clip_has_its_link_in_three_places(
    alice: User, account: DiscordAccount
) -> None:
    clip = make_clip(alice, account)

    said = task_json(clip, BASE)

    link = f"{BASE}/images/{clip.pk}/{clip.picture_key}.mp4"
    assert (said["imageUrl"], said["videoUrl"]) == (link, link)
    assert said["videoUrls"] == [{"url": link, "thumbnail": None}]
    assert said["contentType"] == "video/mp4"


@pytest.mark.parametrize("clips", [4, 2, 1])
@pytest.mark.parametrize("picture_type", ["image/webp", "video/mp4"])
def test_a_video_names_each_of_its_clips(
    alice: User, account: DiscordAccount, picture_type: str, clips: int
) -> None:
    video = make_clips(alice, account, clips=clips, picture_type=picture_type)

    said = task_json(video, BASE)

    at = f"https://cdn.midjourney.com/video/{JOB}"
    assert said["videoUrls"] == [
        {"url": f"{at}/{n}.mp4", "thumbnail": f"{at}/{n}_640_N.webp"}
        for n in range(clips)
    ]
    assert str(said["imageUrl"]).startswith(f"{BASE}/images/{video.pk}/")


@pytest.mark.parametrize(
    "fields", [{"picture_type": "image/png"}, {"status": TaskStatus.FAILURE}]
)
def test_what_is_no_finished_clip_has_none(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    said = task_json(make_clip(alice, account, **fields))

    assert (said["videoUrl"], said["videoUrls"]) == (None, None)


@pytest.mark.parametrize(
    ("window", "remix", "opens"),
    [
        (WindowState.NONE, False, False),
        (WindowState.EXPECTED, True, False),
        (WindowState.OPEN, True, True),
        (WindowState.ANSWERED, True, False),
    ],
)
def test_a_window_shows(
    alice: User, window: WindowState, remix: bool, opens: bool
) -> None:
    said = task_json(make_task(alice, window=window, window_id="W"))

    assert said["properties"]["remix"] is remix
    assert said["properties"]["remix_modal"] == "W"
    assert said["remixModaling"] is opens


def test_a_task_that_waits_for_its_window_shows_what_is_offered(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_single(alice, account)
    window = make_window(parent, PAN, action=TaskAction.PAN)

    said = task_json(window)

    assert (said["status"], said["progress"]) == ("MODAL", None)
    assert said["properties"]["finalPrompt"] == "a red fox --ar 2:1 --v 6.1"
    assert (said["customId"], said["properties"]["custom_id"]) == (PAN, PAN)
    assert said["parentId"] == str(parent.pk)
    assert said["properties"]["referencedMessageId"] == parent.message_id


def test_suggested_prompts_are_a_list(alice: User, account: DiscordAccount) -> None:
    described = make_described(alice, account)

    assert properties(described)["prompts"] == ["one --ar 1:1", "two", "three", "four"]
    assert properties(make_task(alice))["prompts"] == []


def test_a_seed_is_a_string_or_nothing(alice: User) -> None:
    known = make_finished(alice, seed="1259687673", seed_message_id="777")

    said, unknown = task_json(known), task_json(make_finished(alice))

    assert (said["seed"], said["seedMessageId"]) == ("1259687673", "777")
    assert (unknown["seed"], unknown["seedMessageId"]) == (None, None)


@pytest.mark.parametrize("wish", [None, {"modes": ["FAST"], "remark": "红"}])
def test_the_filter_comes_back_as_it_was(
    alice: User, wish: dict[str, Any] | None
) -> None:
    task = make_task(alice, account_filter=wish)

    assert orjson.loads(task_bytes(task))["accountFilter"] == wish


@pytest.mark.parametrize(
    ("own", "pressed", "shown"),
    [("5", "7", "5"), (None, "7", "7"), (None, "", None)],
)
def test_a_result_that_edited_a_message_has_that_ones_id(
    alice: User, own: str | None, pressed: str, shown: str | None
) -> None:
    task = make_finished(alice, message_id=own, parent_message_id=pressed)

    said = task_json(task)

    assert (said["messageId"], said["properties"]["messageId"]) == (shown, shown)


@pytest.mark.parametrize("status", [TaskStatus.IN_PROGRESS, TaskStatus.FAILURE])
def test_what_brought_nothing_has_no_message(alice: User, status: TaskStatus) -> None:
    task = make_task(alice, status=status, parent_message_id="7")

    assert task_json(task)["messageId"] is None


def test_a_shown_job_has_its_uuid_before_it_is_found(alice: User) -> None:
    task = make_task(alice, action=TaskAction.SHOW, shown_job_id="J")

    said = task_json(task)

    assert (said["jobId"], said["properties"]["messageHash"]) == ("J", "J")


def test_measures_are_numbers_or_nothing(alice: User, account: DiscordAccount) -> None:
    said, unknown = task_json(make_single(alice, account)), task_json(make_task(alice))

    assert (said["imageWidth"], said["imageHeight"]) == (64, 32)
    assert (unknown["imageWidth"], unknown["contentType"]) == (None, None)


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({}, TaskStatus.NOT_START, None),
        (
            {"state": AccountState.PAUSED, "state_reason": "captcha"},
            TaskStatus.NOT_START,
            "captcha",
        ),
        (
            {"state": AccountState.PAUSED, "state_reason": "captcha"},
            TaskStatus.MODAL,
            None,
        ),
    ],
)
def test_what_keeps_a_waiting_task_is_told(
    alice: User, fields: dict[str, Any], status: TaskStatus, reason: str | None
) -> None:
    task = make_task(alice, account=make_account(**fields), status=status)

    assert properties(task)["waitingFor"] == reason
