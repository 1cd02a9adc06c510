"""BUTTON_KINDS: Midjourney's button ids, parsed and built from one table."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from tasks.enums import TaskAction


class Window(enum.Enum):
    """Whether pressing a button opens a window that must be answered."""

    NEVER = enum.auto()
    IF_REMIX = enum.auto()
    ALWAYS = enum.auto()
    PAGE = enum.auto()  # always; the window is a page that needs a mask


@dataclass(frozen=True)
class ButtonKind:
    template: str
    action: TaskAction | None  # None: pressing it makes no task
    window: Window = Window.NEVER


@dataclass(frozen=True)
class Button:
    kind: ButtonKind
    values: dict[str, str] = field(default_factory=dict)

    @property
    def index(self) -> int:
        """The picture of the grid, 1 to 4; 1 on single pictures."""
        return int(self.values.get("i", "1"))

    @property
    def same(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The template and values without the job, equal if buttons do the same."""
        values = {k: v for k, v in self.values.items() if k != "h"}
        return self.kind.template, tuple(sorted(values.items()))


_HOLES: Final = {
    "i": "(?P<i>[1-4])",
    "n": "(?P<n>[1-5])",
    "h": "(?P<h>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})",
    "way": "(?P<way>left|right|up|down)",
    "how": "(?P<how>subtle|creative)",
    "motion": "(?P<motion>high|low)",
    "v": r"(?P<v>v\d+(?:r\d+)?)",
    "x": "(?P<x>2x|4x)",
    "old": "(?P<old>light|beta|max)",
    "zoom": "(?P<zoom>50|75|100)",
}
_A = TaskAction
BUTTON_KINDS: Final = (
    ButtonKind("MJ::JOB::upsample::{i}::{h}", _A.UPSCALE),
    ButtonKind("MJ::JOB::variation::{i}::{h}", _A.VARIATION, Window.IF_REMIX),
    ButtonKind("MJ::JOB::reroll::0::{h}::SOLO", _A.REROLL, Window.IF_REMIX),
    ButtonKind("MJ::JOB::low_variation::1::{h}::SOLO", _A.VARIATION, Window.IF_REMIX),
    ButtonKind("MJ::JOB::high_variation::1::{h}::SOLO", _A.VARIATION, Window.IF_REMIX),
    ButtonKind("MJ::Inpaint::1::{h}::SOLO", _A.INPAINT, Window.PAGE),
    ButtonKind("MJ::JOB::upsample_{v}_{x}::1::{h}::SOLO", _A.ACTION),
    ButtonKind("MJ::JOB::upsample_{v}_{x}_{how}::1::{h}::SOLO", _A.ACTION),
    ButtonKind("MJ::JOB::upsample_{old}::{i}::{h}::SOLO", _A.ACTION),
    ButtonKind("MJ::JOB::remaster::{i}::{h}::SOLO", _A.ACTION),
    ButtonKind("MJ::Outpaint::{zoom}::1::{h}::SOLO", _A.ACTION),
    ButtonKind("MJ::CustomZoom::{h}", _A.ACTION, Window.ALWAYS),
    ButtonKind("MJ::JOB::pan_{way}::1::{h}::SOLO", _A.PAN, Window.IF_REMIX),
    ButtonKind("MJ::JOB::animate_{motion}::1::{h}::SOLO", _A.VIDEO, Window.IF_REMIX),
    ButtonKind("MJ::JOB::video_virtual_upscale::{i}::{h}", _A.UPSCALE),
    ButtonKind("MJ::JOB::animate_{motion}_extend::{i}::{h}", _A.VIDEO, Window.IF_REMIX),
    ButtonKind("MJ::BOOKMARK::{h}", None),
    ButtonKind("MJ::CancelJob::ByJobid::{h}", None),
    ButtonKind("MJ::Job::PicReader::{i}", _A.IMAGINE, Window.ALWAYS),
    ButtonKind("MJ::Job::PicReader::all", _A.IMAGINE, Window.ALWAYS),
    ButtonKind("MJ::Picread::Retry", _A.DESCRIBE),
    ButtonKind("MJ::Job::PromptAnalyzer::{n}", _A.IMAGINE, Window.ALWAYS),
    ButtonKind("MJ::Job::PromptAnalyzerExtended", _A.SHORTEN),
)


@cache
def _patterns() -> tuple[tuple[ButtonKind, re.Pattern[str]], ...]:
    return tuple((k, re.compile(k.template.format(**_HOLES))) for k in BUTTON_KINDS)


# Clients send a message id or "2" instead of the job's uuid, and any digit where
# Midjourney always has the same one; only the rest is compared.
_ANY_HASH: Final = "(?P<h>[^:]+)"
_FIXED_INDEX: Final = re.compile(r"(?<=::)[01](?=::\{h\})")


@cache
def _lenient_patterns() -> tuple[tuple[ButtonKind, re.Pattern[str]], ...]:
    holes = _HOLES | {"h": _ANY_HASH}
    tail = "(?:::.*)?"

    def pattern(template: str) -> re.Pattern[str]:
        loose = _FIXED_INDEX.sub("[0-9]", template.removesuffix("::SOLO"))
        # Some clients write MJ::JOB:: instead of MJ::Job::.
        return re.compile(loose.format(**holes) + tail, re.I)

    return tuple((kind, pattern(kind.template)) for kind in BUTTON_KINDS)


def parse(custom_id: str) -> Button | None:
    """Return the button of `custom_id`, or None for an unknown one."""
    return _first(_patterns(), custom_id)


def parse_leniently(custom_id: str) -> Button | None:
    """Return the button of `custom_id` with any text in place of the job's uuid."""
    return parse(custom_id) or _first(_lenient_patterns(), custom_id)


def _first(
    patterns: tuple[tuple[ButtonKind, re.Pattern[str]], ...], custom_id: str
) -> Button | None:
    for kind, pattern in patterns:
        if match := pattern.fullmatch(custom_id):
            return Button(kind, match.groupdict())
    return None


def build(button: Button) -> str:
    """Return the custom id of `button`; the inverse of `parse`."""
    return button.kind.template.format(**button.values)


def find(buttons: list[dict[str, object]], custom_id: str) -> str | None:
    """Return the custom id among `buttons` that matches the one a client sent, or None.

    An equal id is preferred; otherwise one with the same action and index of any job.
    """
    ids = [str(b.get("customId")) for b in buttons]
    if custom_id in ids:
        return custom_id
    if wanted := parse_leniently(custom_id):
        for candidate in ids:
            button = parse(candidate)
            if button and button.same == wanted.same:
                return candidate
    return None


# --- single buttons -------------------------------------------------------------------

UPSCALE_ANY: Final = "MJ::JOB::upsample::1::"
INPAINT_ANY: Final = "MJ::Inpaint::"
DESCRIBED_ANY: Final = "MJ::Job::PicReader"
CUSTOM_ZOOM: Final = "MJ::CustomZoom::{h}"
ANALYSED: Final = "MJ::Job::PromptAnalyzer::{n}"
DESCRIBED: Final = "MJ::Job::PicReader::{i}"
DESCRIBED_ALL: Final = "MJ::Job::PicReader::all"
BOOKMARK: Final = "MJ::BOOKMARK::{h}"
CANCEL: Final = "MJ::CancelJob::ByJobid::{h}"
CLIP: Final = "MJ::JOB::video_virtual_upscale::{i}::{h}"
EXTEND: Final = "MJ::JOB::animate_{motion}_extend::{i}::{h}"
RATING: Final = "::RATING::"
PAGE_PREFIX: Final = "MJ::iframe::"


def draws_nothing(custom_id: str) -> bool:
    """Tell whether pressing the button only marks the picture."""
    button = parse_leniently(custom_id)
    return button is not None and button.kind.template == BOOKMARK


def find_kind(
    buttons: list[dict[str, object]], template: str, **values: str
) -> str | None:
    """Return the first custom id among `buttons` of this template and these values."""
    for each in buttons:
        button = parse(str(each.get("customId")))
        if button is None or button.kind.template != template:
            continue
        if all(button.values.get(k) == v for k, v in values.items()):
            return str(each["customId"])
    return None


CHANGE_ACTIONS: Final = {
    TaskAction.UPSCALE: "MJ::JOB::upsample::{i}::{h}",
    TaskAction.VARIATION: "MJ::JOB::variation::{i}::{h}",
    TaskAction.REROLL: "MJ::JOB::reroll::0::{h}::SOLO",
}


def change_id(action: TaskAction, index: int, job_id: str) -> str:
    """Return the grid button for an action and index of `submit/change`."""
    return CHANGE_ACTIONS[action].format(i=index, h=job_id or "0")


def cancel_id(job_id: str) -> str:
    return CANCEL.format(h=job_id)


# --- windows -------------------------------------------------------------------------

_REMIX: Final = "MJ::RemixModal::new_prompt"
_IMAGINE: Final = "MJ::ImagineModal::new_prompt"
_PAN: Final = "MJ::PanModal::prompt"
_ANIMATE: Final = "MJ::AnimateModal::prompt"
# Template of a button to its window's id ({m}: the button's message) and the id of the
# window's text field.
_WINDOWS: Final = {
    CUSTOM_ZOOM: (
        "MJ::OutpaintCustomZoomModal::{h}",
        "MJ::OutpaintCustomZoomModal::prompt",
    ),
    "MJ::JOB::variation::{i}::{h}": ("MJ::RemixModal::{h}::{i}::1", _REMIX),
    "MJ::JOB::high_variation::1::{h}::SOLO": ("MJ::RemixModal::{h}::1::1", _REMIX),
    "MJ::JOB::low_variation::1::{h}::SOLO": ("MJ::RemixModal::{h}::1::0", _REMIX),
    "MJ::JOB::pan_{way}::1::{h}::SOLO": ("MJ::PanModal::{way}::{h}::1", _PAN),
    "MJ::JOB::reroll::0::{h}::SOLO": ("MJ::ImagineModal::{m}", _IMAGINE),
    ANALYSED: ("MJ::ImagineModal::{m}", _IMAGINE),
    DESCRIBED: ("MJ::Picreader::Modal::{i}", "MJ::Picreader::Modal::PromptField"),
    "MJ::JOB::animate_{motion}::1::{h}::SOLO": (
        "MJ::AnimateModal::{h}::1::{motion}::0",
        _ANIMATE,
    ),
    EXTEND: ("MJ::AnimateModal::{h}::{i}::{motion}::1", _ANIMATE),
}


def window_of(custom_id: str, message_id: str) -> tuple[str, str] | None:
    """Return the ids of the window that a button opens and of its text field.

    Needed when the event with these ids was missed. Returns None if they cannot be
    derived (docs/protocol.md, windows).
    """
    button = parse(custom_id)
    if button is None or button.kind.template not in _WINDOWS:
        return None
    window, text_field = _WINDOWS[button.kind.template]
    return window.format(**button.values, m=message_id), text_field
