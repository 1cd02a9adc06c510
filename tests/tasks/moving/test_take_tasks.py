"""What a moved task keeps: parents in any order, and each member that columns hold."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import SubChannel, User
from tasks.models import AwaitedParent, Task
from tasks.wire import task_json
from tests.factories import make_account, make_finished
from tests.tasks.moving.old_servers import JOB_ID, KEY, move, plus, task

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_JOB = "0f3c8a52-2222-4222-8333-9a44b5c6d7e8"


def child(number: int, of: int, **members: Any) -> dict[str, Any]:
    return task(number, parentId=task(of)["id"], **members)


def parents() -> dict[int, int | None]:
    """Return the last digits of tasks and of their parents."""
    rows = Task.objects.values_list("pk", "parent_id")
    return {pk % 1000: parent and parent % 1000 for pk, parent in rows}


@pytest.mark.parametrize("is_newest_first", [True, False])
def test_a_task_keeps_its_parent_in_any_order(
    boss: User, is_newest_first: bool
) -> None:
    """The chain 300 > 150 > 1 > 0 lies on three pages."""
    rows = [task(number) for number in range(301)]
    for number, of in ((1, 0), (150, 1), (300, 150)):
        rows[number] = child(number, of)
    with plus([], rows[::-1] if is_newest_first else rows) as server:
        move(server)

    found = {pk: parent for pk, parent in parents().items() if parent is not None}
    assert found == {1: 0, 150: 1, 300: 150}
    assert not AwaitedParent.objects.exists()
    shown = task_json(Task.objects.get(pk=task(300)["id"]))
    assert shown["parentId"] == task(150)["id"]


def test_a_parent_that_comes_with_a_later_run_gets_its_children(boss: User) -> None:
    parent = task(1, status="IN_PROGRESS")
    with plus([], [child(2, 1), child(3, 1), parent]) as server:
        move(server)
        assert parents() == {2: None, 3: None}
        parent["status"] = "SUCCESS"
        move(server)

    assert parents() == {1: None, 2: 1, 3: 1}


def test_a_task_that_waits_for_its_parent_can_be_removed(boss: User) -> None:
    with plus([], [child(2, 1)]) as server:
        move(server)

    Task.objects.all().delete()

    assert not AwaitedParent.objects.exists()


@pytest.mark.parametrize("parent", ["x", "9" * 30, -1, [], {}, True, task(2)["id"]])
def test_a_parent_that_is_none_is_left_out(boss: User, parent: Any) -> None:
    with plus([], [task(2, parentId=parent)]) as server:
        move(server)

    assert parents() == {2: None}
    assert not AwaitedParent.objects.filter(awaited_id__gt=1).exists()


def test_a_dry_run_awaits_no_parent(boss: User) -> None:
    with plus([], [child(2, 1)]) as server:
        move(server, is_dry=True)

    assert not AwaitedParent.objects.exists()


def test_every_member_that_a_column_holds_is_taken(boss: User) -> None:
    account = make_account(channel_id="1118138338562700001")
    further = {"guild_id": "1118138338562560999", "channel_id": "1118138338562790000"}
    SubChannel.objects.create(account=account, **further)
    members: dict[str, Any] = {
        "botType": "NIJI_JOURNEY",
        "mode": "FAST",
        "requestMode": "TURBO",
        "promptFull": "a red fox --v 6.1 --fast",
        "instanceId": account.channel_id,
        "subInstanceId": further["channel_id"],
        "interactionMetadataId": "1281000000000000077",
        "jobId": JOB_ID,
        "seed": "42",
        "seedMessageId": "1281000000000000078",
        "clientIp": "203.0.113.9",
        "customId": f"MJ::JOB::upsample::1::{OTHER_JOB}",
        "replicateSource": "https://pictures.example/a.png",
        "replicateTarget": "https://pictures.example/b.png",
        "imageWidth": 1024,
        "imageHeight": 768,
        "contentType": "image/webp",
        "accountFilter": {
            "instanceId": account.channel_id,
            "modes": ["FAST", "SLOW"],
            "remix": True,
            "remark": "mine",
        },
    }
    about = {
        "messageContent": "**a red fox**",
        "flags": 64,
        "finalZhPrompt": "红狐狸",
        "progressMessageId": "1281000000000000079",
        "referencedMessageId": "1281000000000000080",
    }
    row = task(1)
    row = {**row, **members, "properties": row["properties"] | about}
    with plus([], [row]) as server:
        move(server)

    shown: Any = task_json(Task.objects.select_related("account").get())
    expected = members | {
        "accountFilter": members["accountFilter"] | {"modes": ["FAST"]}
    }
    assert {name: shown[name] for name in members} == expected
    assert {name: shown["properties"][name] for name in about} == about
    assert shown["messageIds"] == ["1281000000000000079", "1281000000000000001"]
    mine = Task.objects.get()
    assert (mine.guild_id, mine.channel_id) == tuple(further.values())
    assert mine.nonce is None


def test_a_video_is_shown_and_not_its_first_picture(boss: User) -> None:
    clip = "https://pictures.example/1.mp4?x=1"
    with plus([], [task(1, action="VIDEO", videoUrl=clip)]) as server:
        move(server)

    shown = task_json(Task.objects.get())
    assert (shown["imageUrl"], shown["videoUrl"]) == (clip, clip)


@pytest.mark.parametrize(
    "members",
    [
        {"accountFilter": [], "imageWidth": "wide", "contentType": "text/html"},
        {"accountFilter": {"modes": {}, "remix": "yes", "instanceId": {}}},
        {"accountFilter": {"remark": "x\x00"}, "imageHeight": 10**9},
        {"subInstanceId": "<b>", "interactionMetadataId": 5, "seedMessageId": "x" * 99},
        {"replicateSource": "javascript:alert(1)", "replicateTarget": ["x"]},
        {"requestMode": 99, "properties": {"progressMessageId": {}, "flags": -1}},
    ],
)
def test_hostile_members_are_left_out(boss: User, members: dict[str, Any]) -> None:
    with plus([], [task(1, **members)]) as server:
        run = move(server)

    assert run.report["tasks"] == {"taken": 1}
    mine = Task.objects.get()
    assert mine.account_filter in (None, {"remark": "x"})
    assert (mine.channel_id, mine.interaction_id, mine.seed_message_id) == (
        "",
        None,
        "",
    )
    assert (mine.picture_width, mine.picture_height, mine.picture_type) == (
        *(None, None),
        "",
    )
    assert (mine.swap_source, mine.swap_target) == ("", "")


def test_what_another_task_has_of_its_own_stays_its_own(boss: User) -> None:
    ids = {"interaction_id": "77", "progress_message_id": "79"}
    make_finished(boss, message_id="5", **ids)
    about = {"messageId": "6", "progressMessageId": "79"}
    rows = [
        task(n, interactionMetadataId="77", properties=about | {"messageId": str(n)})
        for n in (5, 6)
    ]
    with plus([], rows) as server:
        move(server)

    moved = Task.objects.filter(pk__in=[row["id"] for row in rows])
    assert set(moved.values_list("interaction_id", "progress_message_id")) == {
        (None, None)
    }
    assert dict(moved.values_list("message_id", "parent_message_id")) == {
        None: "5",
        "6": "",
    }
    assert KEY not in str(list(moved.values()))
