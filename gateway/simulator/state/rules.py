"""Rules: failures to inject, each with one match and one effect.

A rule is `{"match": {...}, "effect": {...}, "times": n}`. All of its match keys must
agree. Without `times` it applies until it is deleted. The effect's keys decide the
stage at which the rule applies, so one rule holds keys of one stage only.

Match keys:

============  ==================================================================
route         `METHOD /path`, a glob without the `/api/v9` prefix, such as
              `POST /interactions` or `GET /channels/*/messages`
command       name of the command, `imagine`; a click has none
custom_id     regular expression searched in the custom id of the button or window
prompt_regex  regular expression searched in the prompt of the command, window or job,
              or of the job whose button is clicked
kind          kind of job: `imagine`, `upscale`, `variation`, ...
account       name, user id, channel id or token of the account that acts
event         glob on the event's name, `MESSAGE_*`
phase         step of the job that the event tells: `ack`, `queued`, `start`, `fill`,
              `success`, `progress`, `press`, `final`, `delete`, `stop`,
              `notice`, `failure`, `window`, `seed`, `copy`
nth           only the n-th matching occasion, counted from 1; a list names several
============  ==================================================================

Effect keys, HTTP stage (needs the request):

============  ==================================================================
http          `{"status": 429, "body": {...} or "text", "headers": {...}}`: this answer
accept        true: the request is carried out in spite of `http` (default: it is not)
cut           the connection is reset without an answer, `before` or `after` accepting
http_delay    seconds of real time before the answer; the request is carried out
============  ==================================================================

Effect keys, job stage (decided when the interaction is accepted):

============  ==================================================================
notice        a class of the catalogue, such as `banned_prompt`
form          form in which it arrives, `A` to `H`; default is the class's own form
              (C, D and F need a job; U results know no C)
at            percentage at which it arrives; default is instead of the start
stop_at       the job ends as `(Stopped)` at this percentage
vanish_at     its progress message is deleted at this percentage, nothing follows
hang_at       no event after this percentage; ended only by a cancel
finish_at     like hang_at, until `POST /_sim/release`; then it finishes
silent        true: no event at all; no job
window        of a button with a window: `none` (the job starts at once), `open`
              (also where remix mode is off), `lost` (its event is not sent)
verify        true: the account must prove that it is human; all its interactions are
              answered with a page until `POST /_sim/verify` or the page's button
knobs         `{name: value}`, for this interaction and its job only
============  ==================================================================

Effect keys, event stage (the event happens in the world; only its sending changes):

============  ==================================================================
drop          true: never sent
duplicate     sent this many times in all
same_s        true: the copies carry the first one's `s`
delay         seconds (divided by the speed); later events overtake it
hold          true: kept until `POST /_sim/release`
after         a phase: kept until the same job's event of this phase was sent
shuffle       n: n matching events are collected and sent in another order
reverse       n: n matching events are collected and sent in reversed order
patch         `{...}`: merged over the event's `d`, null included
remove        `[...]`: keys taken out of the event's `d`
============  ==================================================================
"""

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from gateway.simulator.base.wire import Json

STAGES = {
    "http": {"http", "accept", "cut", "http_delay"},
    "job": {
        "notice",
        "form",
        "at",
        "stop_at",
        "vanish_at",
        "hang_at",
        "finish_at",
        "silent",
        "window",
        "verify",
        "knobs",
    },
    "event": {
        "drop",
        "duplicate",
        "same_s",
        "delay",
        "hold",
        "after",
        "shuffle",
        "reverse",
        "patch",
        "remove",
    },
}
MATCH_KEYS = frozenset(
    (
        "route",
        "command",
        "custom_id",
        "prompt_regex",
        "kind",
        "account",
        "event",
        "phase",
        "nth",
    )
)


class BadRule(ValueError):
    """The rule has unknown keys, or effects of several stages."""


@dataclass
class Occasion:
    """An event, request or job that a rule may match."""

    route: str | None = None
    command: str | None = None
    custom_id: str | None = None
    prompt: str | None = None
    kind: str | None = None
    account: frozenset[str] = frozenset()
    event: str | None = None
    phase: str | None = None


@dataclass
class Rule:
    """One rule, how often it has matched and how often it was applied."""

    id: str
    stage: str
    match: Json
    effect: Json
    times: int | None = None
    seen: int = 0
    applied: int = 0
    collected: list[Any] = field(default_factory=list)

    def as_dict(self) -> Json:
        return {
            "id": self.id,
            "stage": self.stage,
            "match": self.match,
            "effect": self.effect,
            "times": self.times,
            "seen": self.seen,
            "applied": self.applied,
        }

    def agrees(self, occasion: Occasion) -> bool:
        return all(
            _agrees(key, wanted, occasion)
            for key, wanted in self.match.items()
            if key != "nth"
        )

    def take(self, occasion: Occasion) -> bool:
        """Count the occasion; return whether the rule applies to it."""
        if self.times is not None and self.applied >= self.times:
            return False
        if not self.agrees(occasion):
            return False
        self.seen += 1
        nth = self.match.get("nth")
        if nth is not None and self.seen not in (
            nth if isinstance(nth, list) else [nth]
        ):
            return False
        self.applied += 1
        return True


def _agrees(key: str, wanted: Any, occasion: Occasion) -> bool:
    if key == "account":
        return str(wanted) in occasion.account
    if key in ("custom_id", "prompt_regex"):
        text = occasion.custom_id if key == "custom_id" else occasion.prompt
        return text is not None and re.search(str(wanted), text) is not None
    value = getattr(occasion, key)
    return value is not None and fnmatchcase(value, str(wanted))


class Rules:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}
        self._number = 0

    def add(self, match: Json, effect: Json, times: int | None) -> Rule:
        """Add a rule.

        Raises BadRule if it has unknown keys or effects of several stages.
        """
        unknown = set(match) - MATCH_KEYS
        if unknown:
            raise BadRule(f"unknown match keys: {', '.join(sorted(unknown))}")
        stages = [name for name, keys in STAGES.items() if set(effect) & keys]
        strange = set(effect) - set().union(*STAGES.values())
        if strange or len(stages) != 1:
            raise BadRule(f"effect must hold keys of one stage: {sorted(effect)}")
        self._number += 1
        rule = Rule(str(self._number), stages[0], match, effect, times)
        self._rules[rule.id] = rule
        return rule

    def remove(self, rule_id: str) -> bool:
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        self._rules.clear()

    def all(self) -> list[Rule]:
        return list(self._rules.values())

    def taken(self, stage: str, occasion: Occasion, *, naming: str = "") -> list[Rule]:
        """Return the rules of `stage` that apply to this occasion, and count them.

        With `naming` only the rules whose match has this key.
        """
        return [
            rule
            for rule in self._rules.values()
            if rule.stage == stage
            and (not naming or naming in rule.match)
            and rule.take(occasion)
        ]

    def of_kind(self, kind: str, occasion: Occasion) -> Json:
        """Return the merged effects of job rules whose match names a kind.

        The kind is known only when a job begins.
        """
        return self.effects("job", replace(occasion, kind=kind), naming="kind")

    def effects(self, stage: str, occasion: Occasion, *, naming: str = "") -> Json:
        """Return the merged effects of these rules; later ones win.

        With `naming` only of the rules whose match has this key.
        """
        merged: Json = {}
        for rule in self.taken(stage, occasion, naming=naming):
            merged.update(rule.effect)
        return merged
