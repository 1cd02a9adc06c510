"""Finished tasks whose buttons need more than a press."""

from __future__ import annotations

from typing import Any, Final

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.submit.buttons import submit_button
from tasks.submit.row import Caller, Submitted
from tests.factories import make_account, make_finished, make_task

JOB: Final = "5c0ffee0-1234-4abc-8def-0123456789ab"
ZOOM: Final = f"MJ::CustomZoom::{JOB}"
REGION: Final = f"MJ::Inpaint::1::{JOB}::SOLO"
PAN: Final = f"MJ::JOB::pan_left::1::{JOB}::SOLO"
SUBTLE: Final = f"MJ::JOB::low_variation::1::{JOB}::SOLO"
ANIMATE: Final = f"MJ::JOB::animate_high::1::{JOB}::SOLO"
LARGER: Final = f"MJ::JOB::upsample_v6_2x_subtle::1::{JOB}::SOLO"
BOOKMARK: Final = f"MJ::BOOKMARK::{JOB}"
UNKNOWN: Final = f"MJ::JOB::sparkle::1::{JOB}::SOLO"

DESCRIBED: Final = "MJ::Job::PicReader::{}"
DESCRIBED_ALL: Final = "MJ::Job::PicReader::all"
REDESCRIBE: Final = "MJ::Picread::Retry"
ANALYSED: Final = "MJ::Job::PromptAnalyzer::{}"
EXTEND: Final = "MJ::JOB::animate_{}_extend::1::" + JOB
CHOOSE: Final = "MJ::JOB::video_virtual_upscale::{}::" + JOB


def press(parent: Task, custom_id: str, **how: Any) -> Submitted:
    how.setdefault("caller", Caller(parent.owner))
    return submit_button(task_id=parent.pk, custom_id=custom_id, **how)


def remix_account(**fields: Any) -> DiscordAccount:
    return make_account(**({"mj_remix_on": True} | fields))


def buttons(*custom_ids: str) -> list[dict[str, object]]:
    return [
        {"customId": custom_id, "emoji": "", "label": "", "type": 2, "style": 2}
        for custom_id in custom_ids
    ]


def make_single(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    """Return an upscaled picture of 64 by 32."""
    values: dict[str, Any] = {
        "account": account,
        "action": TaskAction.UPSCALE,
        "job_id": JOB,
        "final_prompt": "a red fox --ar 2:1 --v 6.1 --fast",
        "picture_width": 64,
        "picture_height": 32,
        "buttons": buttons(
            LARGER, SUBTLE, REGION, ZOOM, PAN, ANIMATE, BOOKMARK, UNKNOWN
        ),
    }
    return make_finished(owner, **(values | fields))


def make_described(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    """Return a picture with four prompts that describe it."""
    values: dict[str, Any] = {
        "account": account,
        "action": TaskAction.DESCRIBE,
        "job_id": None,
        "prompt": "",
        "prompt_en": "",
        "final_prompt": "1️⃣ one --ar 1:1\n\n2️⃣ two\n\n3️⃣ three\n\n4️⃣ four",
        "texts": ["one --ar 1:1", "two", "three", "four"],
        "buttons": buttons(
            *(DESCRIBED.format(n) for n in (1, 2, 3, 4)), REDESCRIBE, DESCRIBED_ALL
        ),
    }
    return make_finished(owner, **(values | fields))


def make_shortened(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    """Return an answer that knows two shorter prompts, with buttons for five."""
    values: dict[str, Any] = {
        "account": account,
        "action": TaskAction.SHORTEN,
        "job_id": None,
        "prompt": "a very red fox",
        "prompt_en": "a very red fox",
        "final_prompt": "## Shortened prompts\n1️⃣ red fox\n2️⃣ fox",
        "texts": ["red fox", "fox"],
        "buttons": buttons(*(ANALYSED.format(n) for n in (1, 2, 3, 4, 5))),
        "picture_source": "",
    }
    return make_finished(owner, **(values | fields))


def make_clip(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    """Return one clip that can be made longer."""
    values: dict[str, Any] = {
        "account": account,
        "action": TaskAction.UPSCALE,
        "job_id": JOB,
        "final_prompt": "the fox runs --video 1 --motion low",
        "buttons": buttons(*(EXTEND.format(m) for m in ("high", "low"))),
        "picture_type": "video/mp4",
    }
    return make_finished(owner, **(values | fields))


def make_clips(
    owner: User, account: DiscordAccount, *, clips: int = 4, **fields: Any
) -> Task:
    """Return a video whose one file holds several clips."""
    choices = buttons(*(CHOOSE.format(n + 1) for n in range(clips)))
    values: dict[str, Any] = {
        "account": account,
        "action": TaskAction.VIDEO,
        "job_id": JOB,
        "final_prompt": "the fox runs --video 1 --motion low",
        "buttons": [*choices, *buttons(f"MJ::JOB::reroll::0::{JOB}::SOLO")],
        "picture_type": "image/webp",
    }
    return make_finished(owner, **(values | fields))


def make_window(parent: Task, custom_id: str, **fields: Any) -> Task:
    """Return a task of the parent's owner that waits for its window's answer."""
    values: dict[str, Any] = {
        "account": parent.account,
        "parent": parent,
        "action": TaskAction.ACTION,
        "status": TaskStatus.MODAL,
        "window": WindowState.EXPECTED,
        "custom_id": custom_id,
        "parent_message_id": parent.buttons_message_id,
        "prompt": parent.prompt,
        "prompt_en": "a red fox --ar 2:1 --v 6.1",
        "final_prompt": "a red fox --ar 2:1 --v 6.1",
    }
    return make_task(parent.owner, **(values | fields))
