"""`/show` and `DM Results`: a finished job once more."""

from gateway.simulator import direct
from gateway.simulator.buttons import result_rows
from gateway.simulator.grammar import content
from gateway.simulator.interactions import Interaction
from gateway.simulator.jobs import Job
from gateway.simulator.notices import NOTICES
from gateway.simulator.results import copied_attachment
from gateway.simulator.studio import Studio
from gateway.simulator.wire import Json


async def show(studio: Studio, ix: Interaction) -> None:
    """Post a finished job of the user again, with its buttons and its uuid."""
    job = _mine(studio.job(ix.option("job_id").strip()), ix)
    if job is None:
        await studio.replies.notice(ix, NOTICES["unknown_job"])
        return
    await studio.core.clock.sleep(ix.knobs.start_delay)
    fields: Json = {
        "content": content(job, ix.knobs),
        "attachments": [copied_attachment(studio.core, job, ix.channel_id)],
        "components": result_rows(job, ix.knobs),
    }
    if ix.knobs.start_form == "loading":
        message = studio.replies.deferred(ix, job)
        await studio.core.clock.sleep(ix.knobs.loading_delay)
        studio.posts.update(message, ix, phase="final", job=job, flags=0, **fields)
    else:
        message = studio.posts.create(ix, phase="final", job=job, **fields)
        studio.replies.success(ix)
    job.copies.append(message.id)
    studio.core.store.job(job)
    studio.core.ledger.answered(ix.id, job)


async def dm_results(studio: Studio, ix: Interaction) -> None:
    """Copy the result that the command was used on into the DM."""
    job = _mine(studio.job_of(str(ix.data.get("target_id", ""))), ix)
    if job is None:
        await studio.replies.ephemeral(ix, content="There is no result here.")
        return
    direct.copy_result(studio.core, ix.account, job, ix.knobs)
    await studio.replies.ephemeral(ix, content="Sent.")


def _mine(job: Job | None, ix: Interaction) -> Job | None:
    """The job, if it is the user's own and has a result."""
    if job is None or job.user_id != ix.account.user_id or job.attachment_id is None:
        return None
    return job
