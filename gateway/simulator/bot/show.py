"""`/show` and `DM Results`: post a finished job again."""

from gateway.simulator.base.wire import Json
from gateway.simulator.jobs import direct
from gateway.simulator.jobs.buttons import result_rows
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.grammar import content
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.results import copied_attachment
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job


async def show(tools: Tools, ix: Interaction) -> None:
    """Post a finished job of the user again, with its buttons and its uuid."""
    job = _mine(tools.job(ix.option("job_id").strip()), ix)
    if job is None:
        await tools.replies.notice(ix, NOTICES["unknown_job"])
        return
    await tools.core.clock.sleep(ix.knobs.start_delay)
    fields: Json = {
        "content": content(job, ix.knobs),
        "attachments": [copied_attachment(tools.core, job, ix.channel_id)],
        "components": result_rows(job, ix.knobs),
    }
    if ix.knobs.start_form == "loading":
        message = tools.replies.deferred(ix, job)
        await tools.core.clock.sleep(ix.knobs.loading_delay)
        tools.posts.update(message, ix, phase="final", job=job, flags=0, **fields)
    else:
        message = tools.posts.create(ix, phase="final", job=job, **fields)
        tools.replies.success(ix)
    job.copies.append(message.id)
    tools.core.store.job(job)
    tools.core.ledger.answered(ix.id, job)


async def dm_results(tools: Tools, ix: Interaction) -> None:
    """Copy the result in the command's target message into the DM."""
    job = _mine(tools.job_of(str(ix.data.get("target_id", ""))), ix)
    if job is None:
        await tools.replies.ephemeral(ix, content="There is no result here.")
        return
    direct.copy_result(tools.core, ix.account, job, ix.knobs)
    await tools.replies.ephemeral(ix, content="Sent.")


def _mine(job: Job | None, ix: Interaction) -> Job | None:
    """Return the job if it belongs to the user and has a result, else None."""
    if job is None or job.user_id != ix.account.user_id or job.attachment_id is None:
        return None
    return job
