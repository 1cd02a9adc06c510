"""Results: a job's picture, and the attachments that announce it."""

from gateway.simulator.base.ids import signature
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.grammar import final_name, preview_name
from gateway.simulator.pixels import videos
from gateway.simulator.pixels.pictures import (
    Picture,
    dimensions,
    preview_announced,
    preview_size,
)
from gateway.simulator.state.core import Core
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.knobs import Knobs


def picture_of(job: Job, edge: int) -> Picture:
    """Return the picture of the job's result.

    `edge` is the long side of a grid in pixels; a single picture's is half.
    """
    if job.kind.layout == "single":
        edge = max(2, edge // 2)
    width, height = dimensions(job.ratio, edge)
    if job.tile_of is not None:
        seed, tile = job.tile_of
        return Picture(job.uuid, seed, width, height, (tile,))
    return Picture(job.uuid, tile_seed(job), width, height)


def tile_seed(job: Job) -> str:
    """Return the seed of a grid's tiles."""
    return f"{job.uuid}/{job.prompt}"


def final_attachment(core: Core, job: Job) -> Json:
    """Return the attachment of the result, and record it on the job."""
    job.filename = final_name(job)
    attachment = copied_attachment(core, job, job.channel_id)
    job.attachment_id, job.picture_url = attachment["id"], attachment["url"]
    return attachment


def copied_attachment(core: Core, job: Job, channel_id: str) -> Json:
    """Return a new attachment with the result, for a message in this channel."""
    picture = picture_of(job, core.config.picture_size)
    attachment_id, name = core.ids.snowflake(), job.filename or final_name(job)
    core.results[attachment_id] = job.uuid
    attachment = place_attachment(core, channel_id, attachment_id, name)
    attachment["size"] = picture.announced
    if job.kind.media == "video":
        attachment["size"] = videos.announced(picture, job.form, job.seconds)
    attachment["width"], attachment["height"] = picture.width, picture.height
    attachment["content_type"] = videos.CONTENT_TYPES[job.form]
    return attachment


def preview_attachment(core: Core, job: Job, knobs: Knobs, progress: int) -> Json:
    """Return the attachment of a progress message."""
    width, height = preview_size(picture_of(job, core.config.picture_size))
    attachment_id = core.ids.snowflake()
    core.keep_preview(attachment_id, job.uuid, progress)
    name = preview_name(job, knobs)
    attachment = place_attachment(core, job.channel_id, attachment_id, name)
    attachment["size"] = preview_announced(width, height)
    attachment["width"], attachment["height"] = width, height
    attachment["content_type"] = "image/webp"
    attachment["placeholder"], attachment["placeholder_version"] = "AAAA", 1
    return attachment


def rehome(core: Core) -> None:
    """Rewrite the links of a restored world to the address of this process."""
    copies = {id_: job for job in core.world.jobs.values() for id_ in job.copies}
    for message in core.world.messages.values():
        for attachment in message.data.get("attachments", []):
            attachment["url"] = core.cdn() + _path(attachment["url"])
            attachment["proxy_url"] = core.media() + _path(attachment["proxy_url"])
            if message.id in copies:
                core.results[attachment["id"]] = copies[message.id].uuid
    for job in core.world.jobs.values():
        if job.attachment_id is not None and job.picture_url is not None:
            core.results[job.attachment_id] = job.uuid
            job.picture_url = core.cdn() + _path(job.picture_url)


def _path(url: str) -> str:
    return url[url.index("/attachments/") :]


def signed(core: Core, path: str) -> str:
    """Return the query that signs a CDN link for its lifetime."""
    now = int(core.clock.now())
    expires, issued = f"{int(now + core.knobs.link_ttl):x}", f"{now:x}"
    return f"ex={expires}&is={issued}&hm={signature(path, expires, issued)}&"


def place_ephemeral(core: Core, command_id: str, data: bytes, name: str) -> Json:
    """Keep a file that a command brought; return its attachment."""
    attachment_id = core.ids.snowflake()
    core.files.attach(attachment_id, data)
    return place_attachment(
        core, command_id, attachment_id, name, folder="ephemeral-attachments"
    )


def place_attachment(
    core: Core,
    channel_id: str,
    attachment_id: str,
    name: str,
    *,
    folder: str = "attachments",
) -> Json:
    """Return an attachment at the CDN, without size and type."""
    path = f"/{folder}/{channel_id}/{attachment_id}/{name}"
    query = signed(core, path)
    return {
        "id": attachment_id,
        "filename": name,
        "url": f"{core.cdn()}{path}?{query}",
        "proxy_url": f"{core.media()}{path}?{query}",
        "content_scan_version": 0,
    }
