"""Life of a job: queue, start, progress, result, and every way to fail."""

import asyncio
from dataclasses import dataclass
from typing import Any

from gateway.simulator.base.constants import Flags
from gateway.simulator.jobs import direct
from gateway.simulator.jobs.buttons import cancel_row, result_rows
from gateway.simulator.jobs.grammar import content
from gateway.simulator.jobs.notices import NOTICES
from gateway.simulator.jobs.posts import Posts
from gateway.simulator.jobs.replies import Replies
from gateway.simulator.jobs.results import final_attachment, preview_attachment
from gateway.simulator.jobs.slots import QueueFull, Slots
from gateway.simulator.state.channels import Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job


class Over(Exception):
    """The job has ended before its result."""


@dataclass
class Lifecycle:
    """Runs jobs; all of them share the slots."""

    core: Core
    posts: Posts
    replies: Replies
    slots: Slots

    async def run(self, ix: Interaction, job: Job) -> None:
        """Take the job from its first message to its end."""
        if job.kind.quick:
            await self._run_quick(ix, job)
            return
        key = f"{ix.account.user_id}/{ix.application_id}"
        try:
            queued = await self._enter(ix, job, key)
        except Over:
            return
        try:
            progress = await self._start(ix, job, queued)
            await self._advance(ix, job, progress)
            await self._finish(ix, job, progress)
        except Over:
            pass
        finally:
            self.slots.leave(key)

    async def _run_quick(self, ix: Interaction, job: Job) -> None:
        """Run a job that answers only with its result."""
        self.replies.success(ix)
        self._move(job, "running")
        try:
            await self._pause(ix, job, ix.knobs.u_delay)
            await self._spoil(ix, job)
            self._post_final(ix, job)
        except Over:
            pass

    async def fill(
        self, ix: Interaction, job: Job, message: Message, **changes: object
    ) -> None:
        """Fill `message` with the job's answer, unless a rule spoils it."""
        self._move(job, "running")
        job.progress_message_id = message.id
        try:
            await self._pause(ix, job, ix.knobs.loading_delay)
            await self._spoil(ix, job, message)
        except Over:
            return
        job.progress = 100
        self.posts.update(message, ix, phase="final", job=job, flags=0, **changes)
        self._note_final(job, message)

    async def _spoil(
        self, ix: Interaction, job: Job, shown: Message | None = None
    ) -> None:
        """Apply rules to a job without progress.

        `shown` is the job's message so far.
        """
        effects = ix.effects
        if "notice" in effects:
            notice = NOTICES[effects["notice"]]
            form = effects.get("form", notice.form)
            if form != "F" or shown is not None:
                # Without a message to edit, the notice is a reply to the source.
                form = "D" if form == "C" and shown is None else form
                await self.replies.notice(
                    ix, notice, form=form, job=job, started=shown or ix.message
                )
            self._end(job, "failed")
        if effects.keys() & {"stop_at", "vanish_at"}:
            if shown is not None:
                self.posts.delete(shown.id, ix, phase="delete", job=job)
            self._end(job, "vanished")
        if "hang_at" in effects:
            self._move(job, "hung")
            await job.cancelled.wait()
            self._end(job, "stopped")
        if "finish_at" in effects:
            await self._until_released(ix, job)

    async def _enter(self, ix: Interaction, job: Job, key: str) -> Message | None:
        """Take a slot; return the `Job queued` message if the job had to wait.

        Raises Over if the queue is full or the job is cancelled.
        """
        knobs = ix.knobs
        slots = knobs.concurrency or ix.account.slots()
        try:
            place = self.slots.take(key, slots=slots, queue_size=knobs.queue_size)
        except QueueFull:
            self._move(job, "failed")
            await self.replies.notice(ix, NOTICES["queue_full"])
            raise Over from None
        if place is None:
            return None
        self._move(job, "queued")
        message = self._post_queued(ix)
        self.replies.success(ix)
        if not await self._granted(job, place):
            self._stop(ix, job, message)
            raise Over
        return message

    async def _granted(self, job: Job, place: "asyncio.Future[None]") -> bool:
        """Wait for the slot; False if the job was cancelled meanwhile."""
        cancelled = asyncio.ensure_future(job.cancelled.wait())
        first: set[asyncio.Future[Any]] = {place, cancelled}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        cancelled.cancel()
        if place.done():
            return True
        place.cancel()
        return False

    def _post_queued(self, ix: Interaction) -> Message:
        flags = 0 if ix.knobs.queued_form == "edit" else Flags.EPHEMERAL
        notice = NOTICES["queued"].embed(ix.prompt)
        return self.posts.create(ix, phase="queued", embeds=[notice], flags=flags)

    async def _start(
        self, ix: Interaction, job: Job, queued: Message | None
    ) -> Message:
        """Post the job as `Waiting to start`; return its progress message."""
        knobs = ix.knobs
        await self._pause(ix, job, knobs.start_delay)
        text = content(job, knobs, state="Waiting to start")
        if queued is not None:
            message = self._start_queued(ix, job, queued, text)
        else:
            message = await self._start_fresh(ix, job, text)
        job.progress_message_id = message.id
        self._move(job, "running")
        self.core.store.job(job)
        return message

    def _start_queued(
        self, ix: Interaction, job: Job, queued: Message, text: str
    ) -> Message:
        if ix.knobs.queued_form == "edit":
            self.posts.update(
                queued, ix, phase="start", job=job, content=text, embeds=[]
            )
            return queued
        return self._post_start(ix, job, text, nonce=False)

    async def _start_fresh(self, ix: Interaction, job: Job, text: str) -> Message:
        knobs = ix.knobs
        if knobs.success_delay < 0:
            self.replies.success(ix)
            await self._pause(ix, job, -knobs.success_delay)
        if knobs.start_form == "loading":
            message = self._post_start(ix, job, "", flags=Flags.LOADING)
            await self._pause(ix, job, knobs.loading_delay)
            self.posts.update(message, ix, phase="fill", job=job, content=text, flags=0)
        else:
            message = self._post_start(ix, job, text)
        # Set before the pause: a job cancelled during it must find its message.
        job.progress_message_id = message.id
        if knobs.success_delay >= 0:
            await self._pause(ix, job, knobs.success_delay)
            self.replies.success(ix)
        return message

    def _post_start(
        self,
        ix: Interaction,
        job: Job,
        text: str,
        *,
        nonce: bool = True,
        flags: int = 0,
    ) -> Message:
        reference = ix.message
        return self.posts.create(
            ix,
            phase="start",
            content=text,
            kind=19 if reference is not None else ix.knobs.start_type,
            job=job,
            nonce=nonce,
            flags=flags,
            reference=reference,
        )

    async def _advance(self, ix: Interaction, job: Job, message: Message) -> None:
        """Show the percentages, until a rule ends the job."""
        await self._say(ix, job, message, job.kind.opening)
        for step in ix.knobs.steps():
            await self._pause(ix, job, ix.knobs.progress_interval)
            job.progress = step
            attachments = []
            if step > 0:
                attachments.append(preview_attachment(self.core, job, ix.knobs, step))
            self.posts.update(
                message,
                ix,
                phase="progress",
                job=job,
                content=content(job, ix.knobs, state=f"{step}%"),
                attachments=attachments,
                components=cancel_row(job),
            )
            await self._apply_rules(ix, job, message, step)
        await self._say(ix, job, message, job.kind.closing)
        await self._apply_rules(ix, job, message, 100)

    async def _say(
        self, ix: Interaction, job: Job, message: Message, text: str
    ) -> None:
        """Show a text without percentage, if the kind of job has one."""
        if not text:
            return
        await self._pause(ix, job, ix.knobs.progress_interval)
        self.posts.update(
            message,
            ix,
            phase="progress",
            job=job,
            content=text,
            attachments=[],
            components=cancel_row(job),
        )

    async def _apply_rules(
        self, ix: Interaction, job: Job, message: Message, step: int
    ) -> None:
        """Apply the rules of this percentage."""
        effects = ix.effects
        if step >= effects.get("vanish_at", 101):
            self.posts.delete(message.id, ix, phase="delete", job=job)
            self._end(job, "vanished")
        if step >= effects.get("stop_at", 101):
            self._stop(ix, job, message)
            raise Over
        if "notice" in effects and step >= effects.get("at", 101):
            notice = NOTICES[effects["notice"]]
            form = effects.get("form", notice.form)
            await self.replies.notice(ix, notice, form=form, job=job, started=message)
            self._end(job, "failed")
        if step >= effects.get("hang_at", 101):
            self._move(job, "hung")
            await job.cancelled.wait()
            await self._pause(ix, job, 0)
        if step >= effects.get("finish_at", 101):
            del effects["finish_at"]
            await self._until_released(ix, job)

    async def _until_released(self, ix: Interaction, job: Job) -> None:
        self._move(job, "hung")
        released = asyncio.ensure_future(job.released.wait())
        cancelled = asyncio.ensure_future(job.cancelled.wait())
        await asyncio.wait({released, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        released.cancel()
        cancelled.cancel()
        await self._pause(ix, job, 0)
        self._move(job, "running")

    async def _finish(self, ix: Interaction, job: Job, progress: Message) -> None:
        """Post the result and delete the progress message, in the knobs' order."""
        knobs = ix.knobs
        await self._pause(ix, job, knobs.final_delay)
        if knobs.final_form == "edit":
            self._edit_final(ix, job, progress)
            return
        if knobs.delete_delay < 0:
            self.posts.delete(progress.id, ix, phase="delete", job=job)
            await self.core.clock.sleep(-knobs.delete_delay)
            self._post_final(ix, job)
            return
        self._post_final(ix, job)
        await self.core.clock.sleep(knobs.delete_delay)
        self.posts.delete(progress.id, ix, phase="delete", job=job)

    def _post_final(self, ix: Interaction, job: Job) -> None:
        knobs = ix.knobs
        attachment = final_attachment(self.core, job)
        job.progress = 100
        message = self.posts.create(
            ix,
            phase="final",
            content=content(job, knobs),
            attachments=[attachment],
            components=result_rows(job, knobs),
            kind=0 if ix.message is None else 19,
            job=job,
            nonce=knobs.final_nonce,
            metadata=knobs.final_metadata,
            reference=ix.message if knobs.final_reference else None,
        )
        self._note_final(job, message)

    def _edit_final(self, ix: Interaction, job: Job, message: Message) -> None:
        attachment = final_attachment(self.core, job)
        job.progress = 100
        self.posts.update(
            message,
            ix,
            phase="final",
            job=job,
            content=content(job, ix.knobs),
            attachments=[attachment],
            components=result_rows(job, ix.knobs),
        )
        self._note_final(job, message)

    def _note_final(self, job: Job, message: Message) -> None:
        job.message_id = message.id
        self._move(job, "finished")
        self.core.store.job(job)
        ix = job.interaction
        if ix is not None and ix.preferences.auto_dm and job.attachment_id is not None:
            direct.copy_result(self.core, ix.account, job, ix.knobs)

    async def _pause(self, ix: Interaction, job: Job, seconds: float) -> None:
        """Sleep; raises Over if the job is cancelled meanwhile."""
        share = ix.knobs.jitter
        if share:
            seconds *= 1 + self.core.ids.jitter.uniform(-share, share)
        delay = self.core.clock.scaled(seconds)
        if delay > 0 and not job.cancelled.is_set():
            wake = asyncio.get_running_loop().call_later(delay, job.wake.set)
            job.wake.clear()
            await job.wake.wait()
            wake.cancel()
        else:
            await asyncio.sleep(0)
        if job.cancelled.is_set():
            self._stop(ix, job, self.core.world.messages.get(_shown(job)))
            raise Over

    def _stop(self, ix: Interaction, job: Job, message: Message | None) -> None:
        """End the job as stopped; edit or delete its message."""
        if message is not None:
            if job.delete_on_cancel or ix.knobs.cancel_form == "delete":
                self.posts.delete(message.id, ix, phase="delete", job=job)
            else:
                text = content(job, ix.knobs, state="Stopped")
                self.posts.update(
                    message, ix, phase="stop", job=job, content=text, components=[]
                )
        self._move(job, "stopped")
        self.core.store.job(job)

    def _end(self, job: Job, state: str) -> None:
        self._move(job, state)
        self.core.store.job(job)
        raise Over

    def _move(self, job: Job, state: str) -> None:
        if job.interaction is not None and job.interaction.foreign:
            job.state = state
        else:
            self.core.ledger.move(job, state)


def _shown(job: Job) -> str:
    return job.progress_message_id or ""
