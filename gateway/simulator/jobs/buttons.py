"""Build the buttons of messages."""

from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.grammar import version_of
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.shapes import button, link_button, rows

UPSCALERS = {
    "5": ("upsample_v5_2x", "upsample_v5_4x"),
    "6": ("upsample_v6_2x_subtle", "upsample_v6_2x_creative"),
    "6.1": ("upsample_v6r1_2x_subtle", "upsample_v6r1_2x_creative"),
    "7": ("upsample_v7_2x_subtle", "upsample_v7_2x_creative"),
}
ARROWS = {"left": "⬅️", "right": "➡️", "up": "⬆️", "down": "⬇️"}


def cancel_row(job: Job) -> list[Json]:
    """Return the Cancel button of a running job."""
    custom_id = f"MJ::CancelJob::ByJobid::{job.uuid}"
    return rows([button(custom_id, "Cancel Job", style=4)])


def result_rows(job: Job, knobs: Knobs) -> list[Json]:
    """Return the buttons of a finished job."""
    if job.kind.media == "video":
        tree = _clip(job) if job.kind.layout == "single" else _clips(job.uuid)
    elif job.kind.layout == "grid":
        tree = _grid(job.uuid)
    else:
        version = version_of(job.echoed, knobs.version)
        tree = _single(job, redo=job.kind.layout == "large", version=version)
    if knobs.unknown_components:
        tree.append(
            {"type": 17, "id": 99, "components": [{"type": 10, "content": "?"}]}
        )
    return tree


def _grid(uuid: str) -> list[Json]:
    ups = [button(f"MJ::JOB::upsample::{i}::{uuid}", f"U{i}") for i in range(1, 5)]
    ups.append(_reroll(uuid))
    vs = [button(f"MJ::JOB::variation::{i}::{uuid}", f"V{i}") for i in range(1, 5)]
    return rows(ups, vs)


def _clips(uuid: str) -> list[Json]:
    kind = "MJ::JOB::video_virtual_upscale"
    ups = [button(f"{kind}::{i}::{uuid}", f"U{i}") for i in range(1, 5)]
    return rows([*ups, _reroll(uuid)])


def _clip(job: Job) -> list[Json]:
    def extend(motion: str) -> Json:
        custom_id = f"MJ::JOB::animate_{motion}_extend::{job.index}::{job.shown_uuid}"
        label = f"Extend ({motion.capitalize()} motion)"
        return button(custom_id, label, emoji="🎞️")

    return rows([extend("high"), extend("low")])


def _reroll(uuid: str) -> Json:
    return button(f"MJ::JOB::reroll::0::{uuid}::SOLO", emoji="🔄")


def _single(job: Job, *, redo: bool, version: str) -> list[Json]:
    uuid = job.uuid

    def solo(name: str, label: str = "", emoji: str = "") -> Json:
        return button(f"MJ::{name}::1::{uuid}::SOLO", label, emoji=emoji)

    first, second = UPSCALERS.get(version, UPSCALERS["7"])
    names = ("2x", "4x") if version == "5" else ("Subtle", "Creative")
    prefix = "Redo Upscale" if redo else "Upscale"
    zooms = [
        solo("Outpaint::50", "Zoom Out 2x", "🔍"),
        solo("Outpaint::75", "Zoom Out 1.5x", "🔍"),
        button(f"MJ::CustomZoom::{uuid}", "Custom Zoom", emoji="🔍"),
    ]
    if job.ratio != 1.0:
        zooms.append(solo("Outpaint::100", "Make Square", "🔲"))
    return rows(
        [
            solo(f"JOB::{first}", f"{prefix} ({names[0]})"),
            solo(f"JOB::{second}", f"{prefix} ({names[1]})"),
        ],
        [
            solo("JOB::low_variation", "Vary (Subtle)", "🪄"),
            solo("JOB::high_variation", "Vary (Strong)", "🪄"),
            solo("Inpaint", "Vary (Region)", "🖌️"),
        ],
        zooms,
        [solo(f"JOB::pan_{way}", emoji=arrow) for way, arrow in ARROWS.items()],
        [
            solo("JOB::animate_high", "Animate (High motion)", "🎞️"),
            solo("JOB::animate_low", "Animate (Low motion)", "🎞️"),
            button(f"MJ::BOOKMARK::{uuid}", emoji="❤️"),
            link_button("Web", f"https://www.midjourney.com/jobs/{uuid}"),
        ],
    )
