"""Answer without a job: acknowledgements, notices, ephemeral messages."""

from dataclasses import dataclass

from gateway.simulator.base.constants import Flags
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.notices import Notice
from gateway.simulator.jobs.posts import Posts
from gateway.simulator.state.channels import Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job

TIMED_OUT = 2  # reason code of an INTERACTION_FAILURE


@dataclass
class Replies:
    """Answers one interaction at a time."""

    core: Core
    posts: Posts

    def acknowledge(self, ix: Interaction) -> None:
        self.posts.signal(ix, "INTERACTION_CREATE", "ack")

    def success(self, ix: Interaction) -> None:
        self.posts.signal(ix, "INTERACTION_SUCCESS", "success")

    def failure(self, ix: Interaction, reason: int = TIMED_OUT) -> None:
        self.posts.signal(ix, "INTERACTION_FAILURE", "failure", reason_code=reason)

    async def ephemeral(
        self,
        ix: Interaction,
        *,
        content: str = "",
        embeds: list[Json] | None = None,
        components: list[Json] | None = None,
    ) -> Message:
        """Answer with a message that only this session sees.

        By the knob `reply_form` it is first empty, then filled, or complete at once.
        """
        filled: Json = {
            "content": content,
            "embeds": embeds or [],
            "components": components or [],
            "flags": int(Flags.EPHEMERAL),
        }
        if ix.knobs.reply_form == "message":
            message = self.posts.create(ix, phase="start", **filled)
            self.success(ix)
            return message
        flags = Flags.EPHEMERAL | Flags.LOADING
        message = self.posts.create(ix, phase="start", flags=flags)
        self.success(ix)
        await self.core.clock.sleep(ix.knobs.loading_delay)
        self.posts.update(message, ix, phase="fill", **filled)
        return message

    def deferred(self, ix: Interaction, job: Job | None = None) -> Message:
        """Post an empty message, which is filled later without nonce."""
        message = self.posts.create(ix, phase="start", flags=Flags.LOADING, job=job)
        self.success(ix)
        return message

    def unasked(self, ix: Interaction, notice: Notice, form: str) -> None:
        """Post a notice without nonce and interaction; plain text in form E."""
        plain = form == "E"
        self.posts.create(
            ix,
            phase="notice",
            content=notice.text() if plain else "",
            embeds=[] if plain else [notice.embed("")],
            components=notice.components(ix.id),
            flags=Flags.EPHEMERAL,
            kind=0,
            nonce=False,
            metadata=False,
        )

    async def notice(
        self,
        ix: Interaction,
        notice: Notice,
        *,
        form: str = "",
        job: Job | None = None,
        started: Message | None = None,
    ) -> None:
        """Send the notice in one of its forms; C, D and F need a started job."""
        form = form or notice.form
        if form == "H":
            return
        words = notice.embed(
            ix.prompt or (job.prompt if job else ""),
            command=ix.command or "imagine",
            until=int(self.core.clock.now() + (ix.knobs.slow_down or 60)),
        )
        components = notice.components(ix.id)
        if form == "A":
            self.posts.create(
                ix,
                phase="notice",
                embeds=[words],
                components=components,
                flags=Flags.EPHEMERAL,
                nonce=started is None,
                kind=20 if ix.message is None else 19,
                reference=ix.message,
            )
        elif form == "B":
            await self._deferred(ix, words, components)
        elif form == "E":
            self.posts.create(
                ix,
                phase="notice",
                content=notice.text(),
                flags=Flags.EPHEMERAL,
                nonce=started is None,
            )
        elif form == "G":
            self.failure(ix)
            return
        elif started is not None:
            self._about(ix, form, words, components, job, started)
        if started is None and form != "B":
            self.success(ix)

    async def _deferred(
        self, ix: Interaction, words: Json, components: list[Json]
    ) -> None:
        message = self.deferred(ix)
        await self.core.clock.sleep(ix.knobs.loading_delay)
        self.posts.update(
            message, ix, phase="notice", embeds=[words], components=components, flags=0
        )

    def _about(
        self,
        ix: Interaction,
        form: str,
        words: Json,
        components: list[Json],
        job: Job | None,
        started: Message,
    ) -> None:
        """Send a notice of form C, D or F, about a job's progress message."""
        if form == "C":
            self.posts.update(
                started,
                ix,
                phase="notice",
                job=job,
                content="",
                embeds=[words],
                attachments=[],
                components=components,
            )
        elif form == "D":
            self.posts.create(
                ix,
                phase="notice",
                job=job,
                embeds=[words],
                components=components,
                kind=19,
                nonce=False,
                metadata=False,
                reference=started,
            )
        elif form == "F":
            self.posts.delete(started.id, ix, phase="delete", job=job)
