"""One Midjourney job, and the table of kinds of jobs."""

import asyncio
from dataclasses import dataclass, field

from gateway.simulator.base.wire import Json
from gateway.simulator.state.interactions import Interaction

ENDED = frozenset({"finished", "stopped", "failed", "vanished"})


@dataclass(frozen=True)
class JobKind:
    """Texts of a kind of job, and the form of its result.

    `quick` jobs take no slot, show no progress and answer with one message.
    """

    name: str
    start_verb: str = ""
    running_verb: str = ""
    done_verb: str = ""
    layout: str = "grid"  # or "single", "large", "texts"
    quick: bool = False
    widen: float = 1.0  # factor on the picture's width to height ratio
    media: str = "picture"  # or "video"
    opening: str = ""  # content before the first percentage
    closing: str = ""  # content after the last one


def _verbs(name: str, verb: str, layout: str = "grid", widen: float = 1.0) -> JobKind:
    return JobKind(name, verb, verb, verb, layout, widen=widen)


def _upscale(kind: str) -> JobKind:
    running, done = f"Upscaling ({kind})", f"Upscaled ({kind})"
    return JobKind(f"upscale_{kind.lower()}", "Upscaling", running, done, "large")


def _video(name: str) -> JobKind:
    return JobKind(name, media="video", opening="Animating...", closing="Displaying...")


KINDS = {
    kind.name: kind
    for kind in (
        JobKind("imagine"),
        JobKind("blend"),
        JobKind("describe", layout="texts"),
        JobKind("shorten", layout="texts"),
        _video("video"),
        _video("animate"),
        _video("extend"),
        _video("video_reroll"),
        JobKind("clip", layout="single", quick=True, media="video"),
        JobKind("reroll"),
        JobKind("upscale", layout="single", quick=True),
        _verbs("variation", "Variations"),
        _verbs("vary_strong", "Variations (Strong)"),
        _verbs("vary_subtle", "Variations (Subtle)"),
        _verbs("vary_region", "Variations (Region)"),
        _upscale("Subtle"),
        _upscale("Creative"),
        _upscale("2x"),
        _upscale("4x"),
        _verbs("zoom_out", "Zoom Out"),
        _verbs("custom_zoom", "Zoom Out"),
        _verbs("make_square", "Zoom Out"),
        _verbs("pan_left", "Pan Left", widen=1.5),
        _verbs("pan_right", "Pan Right", widen=1.5),
        _verbs("pan_up", "Pan Up", widen=1 / 1.5),
        _verbs("pan_down", "Pan Down", widen=1 / 1.5),
    )
}


@dataclass
class Job:
    """A job. All fields but `interaction` and the events survive a restart."""

    uuid: str
    kind: JobKind
    prompt: str
    echoed: str
    mode: str
    user_id: str
    username: str
    channel_id: str
    application_id: str
    nonce: str
    interaction_id: str
    seed: int
    ratio: float = 1.0
    index: int = 0
    verb: str | None = None  # replaces the kind's verbs, for a reroll of variations
    parent_job: str | None = None
    parent_message_id: str | None = None
    tile_of: tuple[str, int] | None = None  # the grid and tile that it shows
    state: str = "waiting"
    progress: int = 0
    progress_message_id: str | None = None
    message_id: str | None = None
    attachment_id: str | None = None
    filename: str | None = None
    picture_url: str | None = None
    picture_sha256: str | None = None
    form: str = "png"  # of the result: or "webp", "mp4"
    seconds: int = 0  # of a clip
    inputs: list[str] = field(default_factory=list)  # SHA-256 of given pictures
    texts: list[str] = field(default_factory=list)  # of describe and shorten
    carries: str = ""  # the uuid in its file name and buttons, if not its own
    copies: list[str] = field(default_factory=list)  # further messages that show it
    window: str = ""  # custom id of the window that was submitted for it
    mask_sha256: str | None = None  # of a region's white area, see `masks`
    mask_white: float | None = None
    bookmarked: bool = False
    account: str = ""
    restored: bool = False
    interaction: Interaction | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)  # ends a pause
    delete_on_cancel: bool = False

    def cancel(self, *, delete: bool = False) -> bool:
        """Ask the job to stop; return False if it has ended."""
        if self.state in ENDED:
            return False
        self.delete_on_cancel = delete
        self.cancelled.set()
        self.wake.set()
        return True

    @property
    def shown_uuid(self) -> str:
        """The uuid in its file name and buttons."""
        return self.carries or self.uuid

    def verbs(self) -> tuple[str, str, str]:
        """Return the verbs of start, progress and result."""
        if self.verb is not None:
            return self.verb, self.verb, self.verb
        return self.kind.start_verb, self.kind.running_verb, self.kind.done_verb

    def as_dict(self) -> Json:
        """Return the job for the ledger and the state file."""
        return {
            "uuid": self.uuid,
            "kind": self.kind.name,
            "prompt": self.prompt,
            "echoed_prompt": self.echoed,
            "mode": self.mode,
            "account": self.account,
            "user_id": self.user_id,
            "username": self.username,
            "channel_id": self.channel_id,
            "application_id": self.application_id,
            "nonce": self.nonce,
            "interaction_id": self.interaction_id,
            "seed": self.seed,
            "ratio": self.ratio,
            "index": self.index,
            "verb": self.verb,
            "parent_job": self.parent_job,
            "parent_message_id": self.parent_message_id,
            "tile_of": list(self.tile_of) if self.tile_of else None,
            "state": self.state,
            "progress": self.progress,
            "progress_message_id": self.progress_message_id,
            "message_id": self.message_id,
            "attachment_id": self.attachment_id,
            "filename": self.filename,
            "picture_url": self.picture_url,
            "picture_sha256": self.picture_sha256,
            "form": self.form,
            "seconds": self.seconds,
            "inputs": self.inputs,
            "texts": self.texts,
            "carries": self.carries,
            "copies": self.copies,
            "window": self.window,
            "mask_sha256": self.mask_sha256,
            "mask_white": self.mask_white,
            "bookmarked": self.bookmarked,
        }


def restore(facts: Json) -> Job:
    """Return the job of the `facts` that `Job.as_dict` returned."""
    values = dict(facts)
    values["kind"] = KINDS[values["kind"]]
    values["echoed"] = values.pop("echoed_prompt")
    tile_of = values["tile_of"]
    values["tile_of"] = (tile_of[0], tile_of[1]) if tile_of else None
    return Job(restored=True, **values)
