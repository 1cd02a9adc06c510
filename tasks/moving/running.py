"""Run: read page after page, and write each with the place where it goes on.

Anybody may go on with an open run. A claim keeps others away; it has an end, so that
the work of a killed process is taken over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.audit.actors import Actor, acting
from mjproxy.lib.audit.records import note, recorded
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process import backoff
from tasks.enums import MoveSource, MoveState
from tasks.models import MoveIn
from tasks.moving import (
    report,
    take_accounts,
    take_people,
    take_settings,
    take_tasks,
    take_words,
    timing,
)
from tasks.moving.context import Context
from tasks.moving.fetching import BadSource, Call, fetch
from tasks.moving.report import Line
from tasks.moving.sources import MOST_PAGES, SOURCES, Page, Part

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100  # rows of one transaction

Take = Callable[[Context, list[Any]], list[Line]]
TAKES: Final[Mapping[str, Take]] = {
    "subjects": take_words.take_subjects,
    "words": take_words.take_groups,
    "users": take_people.take,
    "settings": take_settings.take,
    "accounts": take_accounts.take,
    "tasks": take_tasks.take,
}


@dataclass(frozen=True)
class Place:
    """A claimed run, and where it is."""

    move_id: int
    claim: int
    source: MoveSource
    host: str
    api_key: str
    given: str
    part: str
    page: int
    offset: int
    page_digest: str

    @property
    def parts(self) -> tuple[Part, ...]:
        return SOURCES[self.source]

    @property
    def number(self) -> int:
        return [part.name for part in self.parts].index(self.part)


class Lost(Exception):
    """Another process has the run, or a person has stopped it."""


class _Dry(Exception):
    """Undoes what a dry run has written."""


async def go_on(move_id: int) -> None:
    """Do an open run until it ends, or until its source must be asked again later."""
    await faults.watch(Work("move", move_id, give_up), _go_on)


async def _go_on(move_id: int) -> None:
    place = await in_thread(_claim, move_id)
    while place is not None:
        place = await _step(place)


async def _step(place: Place) -> Place | None:
    """Read and write one page; return where it goes on."""
    try:
        page, digest = await _page(place)
        return await in_thread(_written, place, page, digest)
    except Lost:
        logger.info("move %s: left to others", place.move_id)
    except BadSource as exc:
        await in_thread(_fail, place, exc)
    return None


async def _page(place: Place) -> tuple[Page, str]:
    part = place.parts[place.number]
    if place.page >= MOST_PAGES:
        raise BadSource(f"the list of {part.name} does not end")
    if part.call is None:
        return part.read(orjson.loads(place.given or "[]"), 0), ""
    answer, digest = await _answer(place, part, part.call(place.page))
    if not digest:
        return Page(), ""
    page = part.read(answer, place.page)
    if page.rows and not place.offset and digest == place.page_digest:
        raise BadSource(f"the list of {part.name} does not end: a page came twice")
    return page, digest


async def _answer(place: Place, part: Part, call: Call) -> tuple[Any, str]:
    """Return an answer and its digest; none where an optional list is missing."""
    try:
        return await fetch(place.host, place.api_key, call)
    except BadSource as exc:
        if exc.is_missing and part.is_optional:
            return None, ""
        raise


# --- rows -----------------------------------------------------------------------------


def due_moves() -> list[int]:
    """Return the open runs that nobody does, and whose time has come."""
    rows = MoveIn.objects.filter(due("claimed_until"), due("next_at"))
    return list(rows.filter(state=MoveState.OPEN).values_list("pk", flat=True))


@again_after_deadlock
@transaction.atomic
def _claim(move_id: int) -> Place | None:
    """Take an open run, if nobody has it."""
    rows = MoveIn.objects.filter(due("claimed_until"), due("next_at"))
    until = timezone.now() + timing.CLAIM
    is_mine = rows.filter(pk=move_id, state=MoveState.OPEN).update(
        claimed_until=until, claim=F("claim") + 1
    )
    if not is_mine:
        return None
    move = MoveIn.objects.get(pk=move_id)
    try:
        return _place(move, move.api_key, move.given)
    except UndecryptableSecret:
        _end(move, MoveState.FAILED, "its key fits no encryption key")
        return None


def _place(move: MoveIn, api_key: str, given: str) -> Place:
    where = (move.part, move.page, move.offset, move.page_digest)
    source = MoveSource(move.source)
    return Place(move.pk, move.claim, source, move.host, api_key, given, *where)


@again_after_deadlock
def _written(place: Place, page: Page, digest: str) -> Place | None:
    """Write the next rows of a page; return the place after them, None at the end."""
    rows = page.rows[place.offset : place.offset + AT_ONCE]
    with transaction.atomic():
        move = _locked(place)
        lines = _taken(move, place.part, rows)
        for line in lines:
            report.add(move.report, place.part, line)
        done = place.offset + len(rows) >= len(page.rows)
        if not done:
            move.offset = place.offset + AT_ONCE
        elif not page.is_last:
            move.page, move.offset, move.page_digest = place.page + 1, 0, digest
        elif place.number + 1 < len(place.parts):
            move.part = place.parts[place.number + 1].name
            move.page, move.offset, move.page_digest = 0, 0, ""
        else:
            _end(move, MoveState.DONE)
            return None
        move.claimed_until, move.tries = timezone.now() + timing.CLAIM, 0
        move.next_at, move.problem = None, ""
        move.save()
    return _place(move, place.api_key, place.given)


def _locked(place: Place) -> MoveIn:
    rows = MoveIn.objects.select_for_update().defer(*MoveIn.SECRETS)
    kept = rows.filter(pk=place.move_id, claim=place.claim, state=MoveState.OPEN)
    if (move := kept.first()) is None:
        raise Lost
    return move


def _taken(move: MoveIn, part: str, rows: list[Any]) -> list[Line]:
    """Write rows in the name of who has started it; a dry run writes none."""
    lines: list[Line] = []
    with suppress(_Dry), acting(lambda: _actor(move)), transaction.atomic(), recorded():
        lines = TAKES[part](Context.of(move), rows)
        if move.is_dry:
            raise _Dry
    return lines


def _actor(move: MoveIn) -> Actor | None:
    if not move.actor:
        return None
    return Actor(move.actor, move.actor_origin, move.actor_id)


@again_after_deadlock
@transaction.atomic
def _fail(place: Place, exc: BadSource) -> None:
    """Note that the source cannot be read: for good, or until the next try."""
    try:
        move = _locked(place)
    except Lost:
        return
    text = str(exc).replace(place.api_key, "***") if place.api_key else str(exc)
    problem = f"{place.part}: {report.said(text)}"
    if not exc.later or move.tries >= len(timing.TRY_AGAIN):
        _end(move, MoveState.FAILED, problem)
        return
    move.next_at = timezone.now() + backoff.about(timing.TRY_AGAIN[move.tries])
    move.tries, move.problem, move.claimed_until = move.tries + 1, problem, None
    move.save()
    logger.warning("move %s: again later: %s", move.pk, problem)


@again_after_deadlock
@transaction.atomic
def give_up(move_id: int, reason: str) -> None:
    """End an open run after errors that nobody has foreseen."""
    rows = MoveIn.objects.select_for_update().defer(*MoveIn.SECRETS)
    if move := rows.filter(pk=move_id, state=MoveState.OPEN).first():
        _end(move, MoveState.FAILED, f"{move.part}: {reason}"[:400])


def _end(move: MoveIn, state: MoveState, problem: str = "") -> None:
    """End a run; its secrets are removed, and the audit log gets its numbers."""
    move.state, move.problem, move.ended_at = state, problem, timezone.now()
    move.api_key = move.given = ""
    move.open_key = move.claimed_until = move.next_at = None
    move.save()
    numbers = {part: told for part, told in move.report.items() if part != report.LINES}
    with acting(lambda: _actor(move)):
        note("moved in", move, state=state, problem=problem, report=numbers)
    logger.info("move %s: %s %s", move.pk, state, problem)
