"""`/blend`: draw a grid from two to five uploaded pictures."""

import hashlib

from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.results import place_ephemeral
from gateway.simulator.pixels import pictures
from gateway.simulator.state.interactions import Interaction

SHAPES = ("", "--ar 2:3", "--ar 1:1", "--ar 3:2")


async def blend(tools: Tools, ix: Interaction) -> None:
    """Draw a grid from uploaded pictures; the prompt is their links."""
    shape = ix.option("dimensions")
    uploads = [ix.files[name] for name in sorted(ix.files)]
    given = [upload.data or b"" for upload in uploads]
    inputs = [hashlib.sha256(data).hexdigest() for data in given]
    refusal = ""
    if shape not in SHAPES:
        refusal = "invalid_parameter"
    elif any(pictures.size_of(data) is None for data in given):
        refusal = "invalid_link"
    elif len(set(inputs)) < len(inputs):
        refusal = "duplicate_images"
    if refusal:
        await tools.replies.notice(ix, NOTICES[refusal])
        return
    urls = [
        place_ephemeral(tools.core, str(ix.data["id"]), data, upload.filename)["url"]
        for data, upload in zip(given, uploads, strict=True)
    ]
    prompt = " ".join(filter(None, [*urls, shape]))
    await tools.draw(ix, "blend", prompt, inputs=inputs)
