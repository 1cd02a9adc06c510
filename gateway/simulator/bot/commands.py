"""Handle the commands `/imagine`, `Cancel Job` and `/info`."""

from gateway.simulator.base.constants import Colour
from gateway.simulator.bot import video
from gateway.simulator.jobs import media
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.shapes import embed


async def imagine(tools: Tools, ix: Interaction) -> None:
    """Draw a grid, or four clips if the prompt has `--video`."""
    if not ix.prompt.strip():
        await tools.replies.notice(ix, NOTICES["empty_prompt"])
        return
    try:
        inputs = await media.hashes(tools.core, ix.prompt)
    except media.Broken:
        await tools.replies.notice(ix, NOTICES["invalid_link"])
        return
    if video.wanted(ix.prompt):
        await video.film(tools, ix, inputs)
    else:
        await tools.draw(ix, "imagine", ix.prompt, inputs=inputs)


async def cancel_job(tools: Tools, ix: Interaction) -> None:
    """Cancel the job of the message that the command was used on."""
    job = tools.job_of(str(ix.data.get("target_id", "")))
    mine = job is not None and job.user_id == ix.account.user_id
    done = mine and job is not None and job.cancel()
    if done:
        await tools.replies.ephemeral(ix, content="Job cancelled.")
    else:
        await tools.replies.notice(ix, NOTICES["no_running_job"])


async def info(tools: Tools, ix: Interaction) -> None:
    """Show the account's plan and usage."""
    account = ix.account
    key = f"{account.user_id}/{ix.application_id}"
    jobs = [
        job
        for job in tools.core.world.jobs.values()
        if job.user_id == account.user_id and job.application_id == ix.application_id
    ]
    running = [job.uuid for job in jobs if job.state == "running"]
    lines = {
        "User ID": account.user_id,
        "Subscription": account.subscription
        or f"{account.plan} (Active monthly, renews next on <t:1893456000>)",
        "Job Mode": account.mode.capitalize(),
        "Visibility Mode": "Stealth" if account.stealth else "Public",
        "Fast Time Remaining": account.fast_time,
        "Lifetime Usage": f"{len(jobs)} images ({len(jobs) / 60:.2f} hours)",
        "Relaxed Usage": "0 images (0.00 hours)",
        "Fast Usage": f"{len(jobs)} images ({len(jobs) / 60:.2f} hours)",
        "Queued Jobs (fast)": str(tools.slots.waiting(key)),
        "Queued Jobs (relax)": "0",
        "Running Jobs": "\n".join(running) or "None",
    }
    text = "\n".join(f"**{name}**: {value}" for name, value in lines.items())
    title = f"Your info - {account.spec.username}"
    await tools.replies.ephemeral(ix, embeds=[embed(title, text, color=Colour.GREEN)])
