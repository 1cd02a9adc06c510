"""Buttons that open a window, and the answers that clients give to it."""

from __future__ import annotations

from typing import Final

import pytest

from accounts.models import DiscordAccount
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.contract.cases import Case, cases, each_client
from tests.contract.clients.base import Client
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene
from tests.contract.wire import Answer

MODAL: Final = "POST submit/modal"
FINAL: Final = "a red fox --v 6.1"
# Which picture's button, how its id begins, the text that its window offers.
BUTTONS: Final = {
    "custom zoom": ("single", "MJ::CustomZoom::", f"{FINAL} --zoom 2"),
    "vary region": ("single", "MJ::Inpaint::", FINAL),
    "remix": ("grid", "MJ::JOB::variation::2::", FINAL),
    "remix of a pan": ("single", "MJ::JOB::pan_left::", FINAL),
}
# Those that press buttons and answer windows.
answering = each_client(lambda client: client.letter in ("D", "L", "W", "N", "F"))


@pytest.mark.parametrize("button", BUTTONS)
@answering
def test_a_window_is_open_as_soon_as_the_client_hears_of_it(
    deliver: Deliver, scene: Scene, client: Client, button: str
) -> None:
    which, prefix, offered = BUTTONS[button]

    answer = _press(deliver, getattr(scene, which), client, prefix)

    said = answer.json()
    assert (said["code"], said["description"]) == (21, "Waiting for window confirm")
    assert said["properties"]["remix"] is True
    told = client.told(answer)
    task = Task.objects.get(pk=told.task_id)
    assert task.status == TaskStatus.MODAL
    speed = f" --{task.mode.lower()}" if task.mode else ""
    assert said["properties"]["finalPrompt"] == offered + speed
    look = client.seen(deliver(client.look(told.task_id)))
    assert (look.over, look.failed) == (False, False)


@answering
def test_a_client_goes_on_under_the_same_id(
    deliver: Deliver, scene: Scene, client: Client
) -> None:
    opened = client.told(_press(deliver, scene.single, client, "MJ::CustomZoom::"))
    body = {"taskId": opened.task_id, "prompt": opened.text or "fox --zoom 1.3"}

    answer = deliver(client.post("submit/modal", body))

    told = client.told(answer)
    assert answer.json()["code"] == 1
    assert (told.how, told.task_id) == ("accepted", opened.task_id)
    assert Task.objects.get(pk=told.task_id).status == TaskStatus.NOT_START


@cases(MODAL)
def test_a_window_is_answered_as_each_client_does(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    sent = case.request(scene)

    told = case.client.told(deliver(sent))

    assert (told.how, told.text) == ("accepted", "")
    assert told.task_id in (str(scene.zoom.pk), str(scene.region.pk))
    task = Task.objects.get(pk=told.task_id)
    assert task.status == TaskStatus.NOT_START
    assert {name: getattr(task, name) for name in sent.makes} == dict(sent.makes)
    assert task.inputs.count() == (task.pk == scene.region.pk)


@cases(MODAL)
def test_a_second_answer_to_a_window_is_refused_and_changes_nothing(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    deliver(case.request(scene))
    before = list(Task.objects.values())

    answer = deliver(case.request(scene))

    assert (answer.status, answer.json()["code"]) == (200, 4)
    assert case.client.told(answer).how == "refused"
    assert list(Task.objects.values()) == before


@cases("POST submit/change", "POST submit/simple-change")
def test_clients_without_windows_are_never_shown_one(
    deliver: Deliver, scene: Scene, case: Case
) -> None:
    DiscordAccount.objects.update(mj_remix_on=True)

    answer = deliver(case.request(scene))

    assert answer.json()["code"] == 1
    assert case.client.told(answer).how == "accepted"


def _press(deliver: Deliver, parent: Task, client: Client, prefix: str) -> Answer:
    """Press the button whose id begins so, while remix mode is on."""
    DiscordAccount.objects.update(mj_remix_on=True)
    ids = [str(each["customId"]) for each in parent.buttons]
    custom_id = next(each for each in ids if each.startswith(prefix))
    body = {"taskId": str(parent.pk), "customId": custom_id}
    return deliver(client.post("submit/action", body))
