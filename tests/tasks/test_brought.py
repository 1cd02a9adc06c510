"""Pictures of a request stay as long as its task may need them, and no longer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import DiscordAccount, User
from tasks.cleanup import retention
from tasks.enums import ErrandKind, InputRole, ReturnCode, TaskAction, TaskStatus
from tasks.errands import finish, give_up, send_on
from tasks.exceptions import PicturesUsedUp
from tasks.models import DrawingSettings, Errand, InputPicture, Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought
from tasks.services import advance, cancel, fail, release
from tasks.submit.commands import submit_blend, submit_imagine
from tasks.submit.errands import submit_uploads
from tasks.submit.row import Caller
from tests.factories import make_task
from tests.pictures import bare, picture
from tests.tasks.refusals import OFFICIAL_LINK, Block

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("names", "media"),
]

PICTURE = bare(picture())
RED = Brought(InputRole.PROMPT, body=picture(), content_type="image/png")


def files(media: Path) -> list[Path]:
    return [path for path in (media / ".inputs").rglob("*") if path.is_file()]


def blend(user: User) -> Task:
    return submit_blend(caller=Caller(user), pictures=[PICTURE, PICTURE]).task


def draw(task: Task) -> None:
    for status in (TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS):
        assert advance(task.pk, status)


@pytest.mark.parametrize(
    "end",
    [lambda task: fail(task.pk, "refused"), cancel, draw],
    ids=["failed", "cancelled", "drawn"],
)
def test_what_was_brought_goes_when_its_task_is_over(
    alice: User, account: DiscordAccount, media: Path, end: Callable[[Task], object]
) -> None:
    task, other = blend(alice), blend(alice)
    assert len(files(media)) == 4

    end(task)

    left = [media / row.file for row in InputPicture.objects.all()]
    assert sorted(files(media)) == sorted(left)
    assert {row.task for row in InputPicture.objects.all()} == {other}


def test_what_was_brought_stays_while_its_task_may_be_sent_again(
    alice: User, account: DiscordAccount, media: Path
) -> None:
    task = blend(alice)

    advance(task.pk, TaskStatus.SUBMITTED, nonce="7")
    release(task.pk, nonce="7")

    assert len(files(media)) == task.inputs.count() == 2


@pytest.mark.parametrize(
    "end", [lambda pk: finish(pk, []), lambda pk: give_up(pk, "超时", "Timed out")]
)
def test_what_was_brought_goes_when_its_errand_is_over(
    alice: User, account: DiscordAccount, media: Path, end: Callable[[int], bool]
) -> None:
    errand = send_on(ErrandKind.UPLOAD, owner=alice, account=account, brought=[RED])
    assert len(files(media)) == 1

    end(errand.pk)

    assert files(media) == []
    assert not InputPicture.objects.exists()


def test_what_a_dead_process_has_left_is_removed_later(
    alice: User, account: DiscordAccount, media: Path
) -> None:
    ended, waiting = blend(alice), blend(alice)
    Task.objects.filter(pk=ended.pk).update(status=TaskStatus.FAILURE)
    errand = send_on(ErrandKind.UPLOAD, owner=alice, account=account, brought=[RED])
    Errand.objects.filter(pk=errand.pk).update(state="failed")

    retention.remove_old()

    assert {row.task for row in InputPicture.objects.all()} == {waiting}
    assert len(files(media)) == 2


def test_files_that_no_row_tells_of_go_after_an_hour(
    alice: User, account: DiscordAccount, media: Path
) -> None:
    blend(alice)
    old, new = inputs.write_files([RED, RED])
    for path in files(media):
        if not path.match(new.file):
            os.utime(path, (time.time() - 4000,) * 2)

    assert inputs.remove_strays() == 1

    assert not (media / old.file).exists()
    assert (media / new.file).exists()
    assert all((media / row.file).exists() for row in InputPicture.objects.all())


# --- a share of the disk --------------------------------------------------------------


def limit(pictures: int = 0, megabytes: int = 0) -> None:
    row = DrawingSettings.get_solo()
    row.brought_pictures, row.brought_megabytes = pictures, megabytes
    row.save()


def test_who_has_brought_enough_is_refused_and_others_are_not(
    alice: User, bob: User, account: DiscordAccount, unchanged: Block
) -> None:
    limit(pictures=3)
    first = blend(alice)

    with unchanged(), pytest.raises(PicturesUsedUp) as refused:
        blend(alice)
    with unchanged(), pytest.raises(PicturesUsedUp):
        submit_uploads(caller=Caller(alice), pictures=[PICTURE] * 2)
    blend(bob)
    submit_imagine(caller=Caller(alice), prompt="a red fox")

    assert refused.value.code == ReturnCode.QUEUE_REJECTED
    assert "3" in refused.value.zh
    assert "3" in refused.value.en
    cancel(first)
    blend(alice)


def test_pictures_of_errands_and_links_count_too(
    alice: User, account: DiscordAccount
) -> None:
    limit(pictures=3)
    submit_uploads(caller=Caller(alice), pictures=[PICTURE])
    submit_imagine(caller=Caller(alice), prompt="fox", pictures=[OFFICIAL_LINK] * 2)

    with pytest.raises(PicturesUsedUp):
        submit_imagine(caller=Caller(alice), prompt="fox", pictures=[PICTURE])


def test_their_bytes_are_limited_as_well(alice: User, account: DiscordAccount) -> None:
    limit(megabytes=1)
    task = make_task(alice, action=TaskAction.BLEND)
    half = Brought(InputRole.COMMAND, body=bytes(1_000_000 - len(picture())))
    inputs.write_rows(inputs.write_files([half]), task=task)

    submit_imagine(caller=Caller(alice), prompt="a fox", pictures=[PICTURE])
    with pytest.raises(PicturesUsedUp, match="1 MB"):
        submit_imagine(caller=Caller(alice), prompt="a fox", pictures=[PICTURE])


def test_without_limits_anything_waits(alice: User, account: DiscordAccount) -> None:
    limit()

    for _ in range(3):
        blend(alice)

    assert InputPicture.objects.count() == 6
