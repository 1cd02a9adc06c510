"""Knobs: settings of timing and shape that a test may change."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any


class UnknownKnob(ValueError):
    """There is no such knob, or it does not take the value."""


@dataclass(frozen=True)
class Knobs:
    """The present settings.

    Delays are in seconds and divided by the speed. Lifetimes, limits and the heartbeat
    interval are in real seconds.
    """

    # Delays
    http_latency: float = 0.05
    ack_delay: float = 0.1  # 204 to INTERACTION_CREATE; negative: the event comes first
    start_delay: float = 0.8
    success_delay: float = 0.05  # after the first answer; negative: before it
    loading_delay: float = 0.3  # until a deferred answer is filled
    progress_interval: float = 4.0
    progress_steps: str = "0,31,62,93"
    final_delay: float = 2.0
    delete_delay: float = 0.3  # after the final; negative: before it
    u_delay: float = 1.2
    modal_delay: float = 0.4
    seed_delay: float = 1.0  # from the envelope to the message in the DM
    jitter: float = 0.0  # share of each job delay that varies at random

    # Lifetimes and limits
    modal_ttl: float = 900.0
    iframe_ttl: float = 600.0
    link_ttl: float = 86400.0
    upload_ttl: float = 900.0  # of an announced upload, until it is used
    link_enforce: bool = False  # answer 404 to expired or badly signed links
    resume_window: float = 180.0
    resume_buffer: int = 1000
    heartbeat_interval: float = 41.25
    heartbeat_misses: float = 2.0  # intervals without a heartbeat before close 4009
    hello_delay: float = 0.0
    identify_gap: float = 5.0
    storm_limit: int = 5  # connections of one token in 10 s before a violation
    send_limit: int = 120  # client payloads in 60 s before close 4008
    concurrency: int = 0  # 0: what the account's plan allows
    queue_size: int = 10
    slow_down: float = 0.0  # seconds in which a second upscale is refused; 0: never
    keep_messages: int = 20000  # per channel
    prompt_limit: int = 0  # characters of a prompt that the index names; 0: none, 6000
    window_limit: int = 4000  # characters of a window's text

    # Shape of jobs
    start_form: str = (
        "message"  # or "loading": empty message first, filled without nonce
    )
    start_type: int = 20
    start_interaction: bool = True  # the deprecated `interaction` field
    queued_form: str = "message"  # or "edit": the queued notice becomes the start
    final_form: str = "message"  # or "edit": the progress message becomes the result
    final_nonce: bool = False
    final_metadata: bool = True
    final_reference: bool = True
    cancel_form: str = "stopped"  # or "delete"
    preview_name: str = "uuid"  # or "plain": `grid_0.webp`
    press_update: bool = True  # a pressed button turns blue
    partial_updates: bool = False
    footer_line: bool = False  # a small-print second line
    unknown_components: bool = False
    variation_strength: str = ""  # "Strong" or "Subtle" in V results
    version: str = "7"  # of single pictures' buttons, unless the prompt says
    video_form: str = "webp"  # or "mp4": file of a grid of clips
    clip_uuid: str = "own"  # or "parent": whose uuid a single clip carries
    appeal: str = "accepted"  # or "rejected": answer to an Appeal
    describe_links: bool = False  # Markdown links in the texts of a describe

    # Windows
    remix: bool = False  # remix mode of accounts without a choice of their own
    modal_wrap: str = "row"  # or "label": the component around the text input
    inpaint_status: int = 0  # status for a mask, such as 503; 0: accepted
    reply_form: str = "loading"  # or "message": ephemeral answers in one step

    # The operator's own verification server
    verifier: str = "success"  # or "failure", "timeout" (no report), "refuse" (503)
    verifier_delay: float = 1.0

    # The provider of face swaps
    swap_delay: float = 0.5  # until it begins
    swap_time: float = 3.0
    # How swaps end: "succeeded"; "failed", "nsfw", "no_face", "stopped", "hang"
    # (never); a result that is "empty", "private" (address), "expired", "html", "huge"
    swap_outcome: str = "succeeded"

    # Echo of the prompt
    echo_links: bool = True
    echo_version: bool = True  # `--v 7` comes back as `--v 7.0`
    echo_speed: bool = True  # speed flags vanish
    echo_spaces: bool = True
    echo_dashes: bool = True  # long dashes become two hyphens
    echo_defaults: str = ""  # parameters to add, such as `--s 100`

    # Discord
    mj_cdn_forbids: bool = False  # 403 at Midjourney's own CDN
    cdn_type: str = ""  # content type of attachments; "": the true one
    clock_skew: float = 0.0  # of message timestamps, seconds
    split_frames: int = 1
    ready_recipients: bool = False  # READY carries `recipients`, not `recipient_ids`
    ready_padding: int = 0  # bytes
    ready_auth_token: bool = False
    replay_twice: bool = False
    refuse_resume: bool = False
    index_not_ready: int = 0  # answers of 202 before the command index comes
    garbled: str = ""  # "empty", "half" or "html": bodies of all 2xx answers
    noise_rate: float = 0.0  # events per second and session

    def with_changes(self, changes: dict[str, Any]) -> "Knobs":
        """Return a copy with changed values.

        Text is converted to the knob's type. Raises UnknownKnob.
        """
        return replace(self, **{k: _convert(k, v) for k, v in changes.items()})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def steps(self) -> list[int]:
        """Return the percentages that a job shows."""
        return [int(step) for step in self.progress_steps.split(",") if step.strip()]


_TYPES: dict[str, Any] = {f.name: type(f.default) for f in fields(Knobs)}


def _convert(name: str, value: Any) -> Any:
    if name not in _TYPES:
        raise UnknownKnob(f"there is no knob {name!r}")
    kind = _TYPES[name]
    if kind is bool:
        return str(value).strip().lower() in {"1", "true", "yes", "on"}
    if kind is str and isinstance(value, list):
        value = ",".join(str(item) for item in value)
    try:
        return kind(value)
    except (TypeError, ValueError) as exc:
        raise UnknownKnob(f"{name} does not take {value!r}") from exc
