"""Calls whose answer waits for Discord."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from asgiref.sync import sync_to_async

from tasks.enums import ErrandKind
from tasks.errands import finish, give_up
from tasks.models import Errand, Task
from tasks.signals import errand_submitted
from tests.contract.cases import Case, cases
from tests.contract.clients.golang import decoded
from tests.contract.clients.relay import SUBMIT, UPLOAD
from tests.contract.conftest import deliver_async
from tests.contract.scene import Scene
from tests.contract.wire import Answer, Sent

pytestmark = pytest.mark.django_db(transaction=True)
UPLOADS: Final = "POST submit/upload-discord-images"
SEED: Final = "GET task/{id}/image-seed"
LINK: Final = "https://cdn.discordapp.com/attachments/1/2/a.png"

Runner = Callable[[int], Any]


@pytest.fixture
def at_discord() -> Iterator[Callable[[Runner], None]]:
    """Let a function stand for what Discord makes of each errand."""
    connected: list[Callable[..., None]] = []

    def run_with(runner: Runner) -> None:
        def run(*, errand_id: int, **kwargs: Any) -> None:
            runner(errand_id)

        connected.append(run)
        errand_submitted.connect(run)

    yield run_with
    for each in connected:
        errand_submitted.disconnect(each)


async def _answered(sent: Callable[[Scene], Sent], scene: Scene) -> Answer:
    return await deliver_async(await sync_to_async(sent)(scene))


@cases(UPLOADS)
async def test_uploads_are_a_list_of_links(
    scene: Scene, case: Case, at_discord: Callable[[Runner], None]
) -> None:
    at_discord(lambda errand_id: finish(errand_id, [LINK]))

    answer = await _answered(case.request, scene)

    said = decoded(answer.json(), UPLOAD)
    assert (answer.status, said["code"], said["result"]) == (200, 1, [LINK])
    assert answer.json()["properties"] == {}
    assert answer.body.startswith(b'{"code":1,')
    assert await Errand.objects.filter(kind=ErrandKind.UPLOAD).acount() == 1


@cases(SEED)
async def test_a_seed_is_a_string_of_digits_above_zero(
    scene: Scene, case: Case, at_discord: Callable[[Runner], None]
) -> None:
    at_discord(lambda errand_id: finish(errand_id, "1259687673"))

    answer = await _answered(case.request, scene)

    said = decoded(answer.json(), SUBMIT)
    assert (answer.status, said["code"]) == (200, 1)
    assert said["result"].isdigit()
    assert int(said["result"]) > 0


@cases(SEED)
async def test_a_known_seed_is_answered_at_once(scene: Scene, case: Case) -> None:
    await Task.objects.filter(pk=scene.grid.pk).aupdate(seed="42")

    answer = await _answered(case.request, scene)

    assert decoded(answer.json(), SUBMIT)["result"] == "42"
    assert not await Errand.objects.aexists()


@cases(UPLOADS, SEED)
async def test_what_discord_refuses_is_refused_with_its_reason(
    scene: Scene, case: Case, at_discord: Callable[[Runner], None]
) -> None:
    at_discord(lambda errand_id: give_up(errand_id, "上传失败", "Not uploaded"))

    answer = await _answered(case.request, scene)

    said = answer.json()
    assert set(said) == {"code", "description", "result", "properties"}
    assert (answer.status, said["result"]) == (200, None)
    assert said["description"] == "上传失败"
    assert said["code"] not in (1, 21, 22)
