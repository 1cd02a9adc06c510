"""Send events, changed or delayed by the event rules."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.base.clock import Clock
from gateway.simulator.base.ids import Ids
from gateway.simulator.base.wire import Json
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.jobs import Job
from gateway.simulator.state.rules import Occasion, Rule, Rules


@dataclass
class Event:
    """One dispatch before it has a sequence number.

    It goes to the session `session_id` if that is given, else to all who may read
    `channel_id`. Only sessions of `owner` see `nonce`.
    """

    name: str
    d: Json
    channel_id: str | None = None
    session_id: str | None = None
    owner: Account | None = None
    nonce: str | None = None
    phase: str = ""
    job: Job | None = None
    interaction: Interaction | None = None
    copies: int = 1
    same_s: bool = False


@dataclass
class _Held:
    event: Event
    rule: Rule
    after: tuple[str, str] | None = None  # key of the job, phase


@dataclass
class Outbox:
    """Passes events to `deliver`, as the event rules say."""

    rules: Rules
    clock: Clock
    ids: Ids
    deliver: Callable[[Event], None]
    _held: list[_Held] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def publish(self, event: Event) -> None:
        """Send the event now, later, changed, several times or never."""
        rules = self.rules.taken("event", occasion_of(event))
        if not rules:
            self._send(event)
            return
        effect: Json = {}
        for rule in rules:
            effect.update(rule.effect)
        self._bend(event, rules[-1], effect)

    def release(self, rule_id: str | None = None, *, order: str = "sent") -> int:
        """Send the events that `hold` kept; return their number.

        `order` may be `sent`, `reverse` or `shuffle`.
        """
        mine = [h for h in self._held if rule_id is None or h.rule.id == rule_id]
        self._held = [h for h in self._held if h not in mine]
        if order == "reverse":
            mine.reverse()
        elif order == "shuffle":
            self.ids.jitter.shuffle(mine)
        for held in mine:
            self._send(held.event)
        return len(mine)

    def _bend(self, event: Event, rule: Rule, effect: Json) -> None:
        if "patch" in effect or "remove" in effect:
            gone = set(effect.get("remove", ()))
            event.d = {k: v for k, v in event.d.items() if k not in gone}
            event.d.update(effect.get("patch", {}))
        event.copies = int(effect.get("duplicate", 1))
        event.same_s = bool(effect.get("same_s", False))
        if effect.get("drop"):
            return
        if effect.get("hold"):
            self._held.append(_Held(event, rule))
        elif "after" in effect:
            self._held.append(_Held(event, rule, (_job_key(event), effect["after"])))
        elif "shuffle" in effect or "reverse" in effect:
            self._collect(event, rule, effect)
        elif "delay" in effect:
            self._later(event, float(effect["delay"]))
        else:
            self._send(event)

    def _collect(self, event: Event, rule: Rule, effect: Json) -> None:
        rule.collected.append(event)
        wanted = int(effect.get("shuffle") or effect["reverse"])
        if len(rule.collected) < wanted:
            return
        events, rule.collected = rule.collected, []
        mixed = list(reversed(events))
        if "shuffle" in effect and wanted > 2:
            while mixed == events or mixed == list(reversed(events)):
                self.ids.jitter.shuffle(mixed)
        for collected in mixed:
            self._send(collected)

    def _later(self, event: Event, seconds: float) -> None:
        async def wait() -> None:
            await self.clock.sleep(seconds)
            self._send(event)

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _send(self, event: Event) -> None:
        self.deliver(event)
        if not self._held:
            return
        key = (_job_key(event), event.phase)
        due = [h for h in self._held if h.after == key]
        self._held = [h for h in self._held if h.after != key]
        for held in due:
            self._send(held.event)


def _job_key(event: Event) -> str:
    if event.job is not None:
        return event.job.interaction_id
    return event.interaction.id if event.interaction is not None else ""


def handles(account: Account | None) -> frozenset[str]:
    """Return the names that a rule may use for this account."""
    if account is None:
        return frozenset()
    spec = account.spec
    return frozenset((spec.name, spec.user_id, spec.channel_id, spec.user_token))


def occasion_of(event: Event) -> Occasion:
    """Return the facts of an event that a rule can match."""
    interaction, job = event.interaction, event.job
    facts: dict[str, Any] = {}
    if interaction is not None:
        facts["command"] = interaction.command or None
        facts["custom_id"] = interaction.custom_id or None
        facts["prompt"] = interaction.prompt or None
    if job is not None:
        facts["prompt"] = job.prompt
        facts["kind"] = job.kind.name
    return Occasion(
        event=event.name,
        phase=event.phase or None,
        account=handles(event.owner),
        **facts,
    )
