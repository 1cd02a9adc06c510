"""The rows that the clients' requests are about."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.pictures import store
from tests.factories import make_account, make_finished, make_task
from tests.pictures import bare, data_url, mask, picture

SIDE: Final = 64
PNG: Final = picture((SIDE, SIDE))
OTHER: Final = picture((SIDE, SIDE), "blue")
DATA_URL: Final = data_url(PNG)
OTHER_DATA_URL: Final = data_url(OTHER)
BARE: Final = bare(PNG)
MASK: Final = data_url(mask((SIDE, SIDE)))
BIG_MASK: Final = data_url(mask((320, 320)))
# Of a single picture, as Midjourney has them: the emoji or the label is the face.
_SINGLE: Final = (
    ("MJ::JOB::upsample_v6r1_2x_subtle::1::{job}::SOLO", "", "Upscale (Subtle)"),
    ("MJ::JOB::upsample_v6r1_2x_creative::1::{job}::SOLO", "", "Upscale (Creative)"),
    ("MJ::JOB::low_variation::1::{job}::SOLO", "🪄", "Vary (Subtle)"),
    ("MJ::JOB::high_variation::1::{job}::SOLO", "🪄", "Vary (Strong)"),
    ("MJ::Inpaint::1::{job}::SOLO", "🖌️", "Vary (Region)"),
    ("MJ::Outpaint::50::1::{job}::SOLO", "🔍", "Zoom Out 2x"),
    ("MJ::Outpaint::75::1::{job}::SOLO", "🔍", "Zoom Out 1.5x"),
    ("MJ::CustomZoom::{job}", "🔍", "Custom Zoom"),
    ("MJ::JOB::pan_left::1::{job}::SOLO", "⬅️", ""),
    ("MJ::JOB::pan_right::1::{job}::SOLO", "➡️", ""),
    ("MJ::BOOKMARK::{job}", "❤️", ""),
)


@dataclass(frozen=True)
class Scene:
    """A pool of one account, and what one user has drawn with it."""

    account: DiscordAccount
    grid: Task
    single: Task
    zoom: Task  # its window is open
    region: Task  # its window wants a mask


def build(owner: User) -> Scene:
    account = make_account()
    job = str(uuid.uuid4())
    grid = make_finished(owner, account=account)
    single = make_finished(
        owner,
        account=account,
        parent=grid,
        action=TaskAction.UPSCALE,
        job_id=job,
        buttons=single_buttons(job),
        picture_width=SIDE,
        picture_height=SIDE,
    )
    window: dict[str, Any] = {
        "account": account,
        "parent": single,
        "status": TaskStatus.MODAL,
        "window": WindowState.EXPECTED,
        "final_prompt": "a red fox --v 6.1 --zoom 2",
    }
    zoom = make_task(
        owner,
        action=TaskAction.ACTION,
        custom_id=f"MJ::CustomZoom::{job}",
        prompt_en="a red fox --v 6.1 --zoom 2",
        **window,
    )
    region = make_task(
        owner,
        action=TaskAction.INPAINT,
        custom_id=f"MJ::Inpaint::1::{job}::SOLO",
        **window
        | {"prompt_en": "a red fox --v 6.1", "final_prompt": "a red fox --v 6.1"},
    )
    return Scene(account, grid, single, zoom, region)


def single_buttons(job: str) -> list[dict[str, object]]:
    return [
        {
            "customId": custom_id.format(job=job),
            "emoji": emoji,
            "label": label,
            "type": 2,
            "style": 2,
        }
        for custom_id, emoji, label in _SINGLE
    ]


def make_described(owner: User, account: DiscordAccount) -> Task:
    """Return a picture that was described, as its end leaves it."""
    text = "1️⃣ a red fox --ar 1:1\n\n2️⃣ a fox, in red --ar 1:1"
    return make_finished(
        owner,
        account=account,
        action=TaskAction.DESCRIBE,
        prompt=text,
        prompt_en=text,
        final_prompt=text,
        texts=["a red fox --ar 1:1", "a fox, in red --ar 1:1"],
        buttons=[],
    )


def make_shortened(owner: User, account: DiscordAccount) -> Task:
    """Return a prompt that was analysed, as its end leaves it."""
    return make_finished(
        owner,
        account=account,
        action=TaskAction.SHORTEN,
        final_prompt="## Shortened prompts\n1️⃣ red fox",
        texts=["red fox"],
        picture_source="",
        picture_type="",
        buttons=[],
    )


def keep_picture(task: Task, body: bytes = PNG) -> None:
    """Put the task's finished picture where it is served from."""
    store.store(task, "image/png", body)
