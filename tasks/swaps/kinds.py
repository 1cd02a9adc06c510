"""Kinds of face swaps: of a picture, of a video; each with its limits and its wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.enums import TaskAction
from tasks.models import Swap, SwapSettings, Task


@dataclass(frozen=True)
class SwapKind:
    """A kind of swap: columns of its settings, and the names in the provider's input.

    The two models name their inputs the other way round.
    """

    action: TaskAction
    prefix: str
    switch: str
    face_name: str
    target_name: str
    most_result: int  # bytes

    def is_on(self, row: SwapSettings) -> bool:
        return bool(getattr(row, self.switch))

    def of(self, row: SwapSettings, name: str) -> Any:
        """Return the value of a setting that each kind has."""
        return getattr(row, self.prefix + name)

    def order(self, row: SwapSettings, swap: Swap) -> dict[str, Any]:
        """Return the body of the request that starts the work."""
        found: dict[str, Any] = {
            "version": self.of(row, "version"),
            "input": {self.face_name: swap.face_at, self.target_name: swap.target_at},
        }
        if row.webhook:
            found["webhook"] = row.webhook
            found["webhook_events_filter"] = row.webhook_events
        return found


PICTURE: Final = SwapKind(
    TaskAction.SWAP_FACE, "", "enabled", "swap_image", "input_image", 64 << 20
)
VIDEO: Final = SwapKind(
    TaskAction.SWAP_VIDEO_FACE,
    "video_",
    "video_enabled",
    "target",
    "source",
    256 << 20,
)
KINDS: Final[Mapping[str, SwapKind]] = {
    kind.action.value: kind for kind in (PICTURE, VIDEO)
}


def kind_of_task(task: Task) -> SwapKind:
    return KINDS[task.action]
