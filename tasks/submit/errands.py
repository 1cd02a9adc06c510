"""Submit errands that a caller waits for: picture links, seeds, bookmarks."""

from __future__ import annotations

from collections.abc import Sequence

from tasks import custom_ids, errands
from tasks.enums import ErrandKind, InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import Errand, Task
from tasks.pictures.inputs import read_all
from tasks.submit.account import Wanted, account_of, any_account
from tasks.submit.button_account import owner_or_host
from tasks.submit.row import Caller, finished
from tasks.submit.user_limit import check_brought

MAX_UPLOADS = 10


def submit_uploads(
    *, caller: Caller, pictures: Sequence[str | None], wanted: Wanted | None = None
) -> Errand:
    """Have pictures uploaded to Discord; the outcome is their links, in order.

    Raises Refused with the reason.
    """
    if not pictures or not all(p and p.strip() for p in pictures):
        raise InvalidRequest("base64 参数错误", "Invalid base64 parameter")
    if len(pictures) > MAX_UPLOADS:
        raise InvalidRequest("图片过多", f"At most {MAX_UPLOADS} pictures at once")
    brought = read_all(pictures, InputRole.PROMPT, viewer=caller.viewer)
    check_brought(caller.user.pk, brought)
    account = any_account(wanted or Wanted())
    if account is None:
        raise InvalidRequest("实例不存在或不可用", "Instance missing or unavailable")
    return errands.send_on(
        ErrandKind.UPLOAD, owner=caller.user, account=account, brought=brought
    )


def submit_press(*, caller: Caller, task_id: int, custom_id: str) -> Errand:
    """Have a button pressed that draws nothing. Raises Refused with the reason."""
    task = finished(caller, task_id)
    pressed = custom_ids.find(task.buttons, custom_id)
    if pressed is None:
        raise InvalidRequest("参数错误", "The task has no such button")
    return errands.send_on(
        ErrandKind.PRESS,
        owner=caller.user,
        account=owner_or_host(task),
        task=task,
        custom_id=pressed,
    )


def submit_seed(*, caller: Caller, task: Task) -> Errand:
    """Have Midjourney asked for a finished task's seed. Raises Refused."""
    account = account_of(task)
    return errands.send_on(
        ErrandKind.SEED, owner=caller.user, account=account, task=task
    )
