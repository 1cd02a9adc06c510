"""Start jobs: the tools that all handlers of commands and buttons share."""

from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.base.constants import Kind
from gateway.simulator.jobs import grammar, media
from gateway.simulator.jobs.lifecycle import Lifecycle
from gateway.simulator.jobs.posts import Posts
from gateway.simulator.jobs.replies import Replies
from gateway.simulator.jobs.slots import Slots
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import KINDS, Job
from gateway.simulator.state.shapes import pressed


@dataclass
class Tools:
    """Tools of the bot: makes jobs, runs them and finds them."""

    core: Core
    posts: Posts
    replies: Replies
    slots: Slots
    lifecycle: Lifecycle
    last_upscale: dict[str, float] = field(default_factory=dict)

    async def draw(self, ix: Interaction, kind: str, prompt: str, **facts: Any) -> Job:
        """Make a job of this kind and run it to its end."""
        job = self.begin(ix, kind, prompt, **facts)
        await self.lifecycle.run(ix, job)
        return job

    def begin(self, ix: Interaction, kind: str, prompt: str, **facts: Any) -> Job:
        """Make and record a job of this kind; the caller runs it."""
        self._obey_rules(ix, kind)
        job = self._job(ix, kind, prompt, **facts)
        media.remember(self.core, prompt)
        self.core.world.jobs[job.uuid] = job
        self.core.store.job(job)
        if not ix.foreign:
            self.core.ledger.job(job)
        return job

    def _obey_rules(self, ix: Interaction, kind: str) -> None:
        """Add the effects of rules that match this kind of job."""
        if ix.occasion is None:
            return
        found = self.core.rules.of_kind(kind, ix.occasion)
        if "notice" in found:
            found.setdefault("at", 0)  # the job exists already
        ix.knobs = ix.knobs.with_changes(found.get("knobs", {}))
        ix.effects = ix.effects | found

    def press(self, ix: Interaction) -> None:
        """Turn the clicked button blue."""
        if ix.message is None or not ix.knobs.press_update:
            return
        components = pressed(ix.message.data["components"], ix.pressed_id)
        self.posts.update(ix.message, ix, phase="press", components=components)

    def job(self, uuid: str) -> Job | None:
        return self.core.world.jobs.get(uuid)

    def job_of(self, message_id: str) -> Job | None:
        """Return the job whose progress or result this message shows."""
        jobs = reversed(self.core.world.jobs.values())
        return next(
            (
                job
                for job in jobs
                if message_id in (job.progress_message_id, job.message_id, *job.copies)
            ),
            None,
        )

    def _job(self, ix: Interaction, kind: str, prompt: str, **facts: Any) -> Job:
        account = ix.account
        if "echoed" not in facts:
            facts["echoed"] = grammar.echo(
                prompt, ix.knobs, suffix=account.suffix, app=ix.application_id
            )
        facts.setdefault("ratio", grammar.ratio_of(facts["echoed"]))
        uuid = self.core.ids.uuid()
        return Job(
            uuid=uuid,
            kind=KINDS[kind],
            prompt=prompt,
            mode=grammar.mode_of(prompt, account.mode)
            + (", stealth" * account.stealth),
            user_id=account.user_id,
            username=account.spec.username,
            channel_id=ix.channel_id,
            application_id=ix.application_id,
            nonce=ix.nonce,
            interaction_id=ix.id,
            seed=int(uuid[:8], 16),
            account=account.name,
            parent_message_id=ix.message.id if ix.message else None,
            window=ix.custom_id if ix.kind is Kind.MODAL else "",
            interaction=ix,
            **facts,
            **ix.facts,
        )
