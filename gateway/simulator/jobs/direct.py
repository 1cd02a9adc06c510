"""Post messages in DMs that answer no command there: seeds and copies of results."""

from gateway.simulator.base.constants import NIJI
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.buttons import result_rows
from gateway.simulator.jobs.grammar import content
from gateway.simulator.jobs.results import copied_attachment
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.shapes import bot_user


def channel_of(account: Account, application_id: str) -> str:
    """Return the id of the account's DM channel with this bot."""
    spec = account.spec
    return spec.niji_dm_channel_id if application_id == NIJI else spec.mj_dm_channel_id


def tell_seed(core: Core, account: Account, job: Job) -> Message:
    """Post the seed of a job in the DM."""
    text = f"**{job.echoed}**\n**Job ID**: {job.uuid}\n**seed** {job.seed}"
    return _write(core, account, job, phase="seed", content=text)


def copy_result(core: Core, account: Account, job: Job, knobs: Knobs) -> Message:
    """Post a copy of the result in the DM, and add it to the job's copies."""
    channel_id = channel_of(account, job.application_id)
    message = _write(
        core,
        account,
        job,
        phase="copy",
        content=content(job, knobs),
        attachments=[copied_attachment(core, job, channel_id)],
        components=result_rows(job, knobs),
    )
    job.copies.append(message.id)
    core.store.job(job)
    return message


def _write(
    core: Core, account: Account, job: Job, *, phase: str, **fields: object
) -> Message:
    channel_id = channel_of(account, job.application_id)
    data = {**_empty(core, job.application_id, channel_id), **fields}
    message = Message(data["id"], channel_id, data, owner_id=account.user_id)
    core.world.add_message(message, keep=core.knobs.keep_messages)
    core.store.message(message)
    core.publish(
        Event(
            "MESSAGE_CREATE",
            data,
            channel_id=channel_id,
            owner=account,
            phase=phase,
            job=job,
        )
    )
    return message


def _empty(core: Core, application_id: str, channel_id: str) -> Json:
    """Return the data of a bot message that answers no interaction."""
    return {
        "id": core.ids.snowflake(),
        "type": 0,
        "channel_id": channel_id,
        "channel_type": 1,
        "author": bot_user(application_id),
        "application_id": application_id,
        "timestamp": core.clock.stamp(core.knobs.clock_skew),
        "edited_timestamp": None,
        "flags": 0,
        "mentions": [],
        "attachments": [],
        "embeds": [],
        "components": [],
    }
