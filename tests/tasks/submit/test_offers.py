"""A window's offered text is sent if the client changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.prompts.sent_text import sent_text
from tasks.submit.buttons import submit_button
from tasks.submit.row import Caller
from tasks.submit.windows import submit_window
from tests.pictures import data_url, mask
from tests.tasks.parents import (
    ANALYSED,
    ANIMATE,
    DESCRIBED,
    EXTEND,
    PAN,
    REGION,
    SUBTLE,
    ZOOM,
    make_clip,
    make_described,
    make_shortened,
    make_single,
)

pytestmark = pytest.mark.usefixtures("names", "media")
MASK = data_url(mask((64, 32)))

WINDOWS = {
    "zoom": (make_single, ZOOM),
    "region": (make_single, REGION),
    "pan": (make_single, PAN),
    "subtle": (make_single, SUBTLE),
    "animate": (make_single, ANIMATE),
    "extend": (make_clip, EXTEND.format("low")),
    "described": (make_described, DESCRIBED.format(1)),
    "shortened": (make_shortened, ANALYSED.format(2)),
}
SPEEDS: list[dict[str, Any]] = [
    {},
    {"mode": "TURBO"},
    {"fast_exhausted": True},
    {"allow_modes": ["RELAX"]},
]


@pytest.mark.parametrize("mode", ["", "FAST"])
@pytest.mark.parametrize("speeds", SPEEDS)
@pytest.mark.parametrize("window", WINDOWS)
def test_what_a_window_offers_is_sent_to_the_letter(
    alice: User,
    account: DiscordAccount,
    window: str,
    speeds: dict[str, Any],
    mode: str,
) -> None:
    make, custom_id = WINDOWS[window]
    DiscordAccount.objects.update(mj_remix_on=True, **speeds)
    parent = make(alice, account)
    Task.objects.filter(pk=parent.pk).update(
        final_prompt=f"<https://s.mj.run/aB3>  {parent.final_prompt} —s 5 --relax",
        texts=["one —ar 1:1", "two --fast"],
    )
    caller = Caller(alice, mode=mode)
    opened = submit_button(caller=caller, task_id=parent.pk, custom_id=custom_id).task

    mask_of = MASK if custom_id == REGION else ""
    task = submit_window(caller=caller, task_id=opened.pk, mask=mask_of).task

    assert opened.status == TaskStatus.MODAL
    assert task.account is not None
    sent = sent_text(task.account, task.prompt_en, task.mode)
    assert opened.final_prompt == task.final_prompt == sent != ""
