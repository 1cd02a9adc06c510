"""Begin and stop moving in."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.exceptions import InvalidField
from accounts.models import User
from accounts.people.keys import ADMIN_NAME
from mjproxy.lib.audit.actors import current
from mjproxy.lib.audit.records import in_record, note, watch
from mjproxy.lib.process.nudge import nudge
from mjproxy.lib.safe_http.client import Unfetchable, check_url
from mjproxy.lib.validators.addresses import parts_of
from tasks.enums import MoveSource, MoveState
from tasks.models import MoveIn
from tasks.models.move import LONGEST_HOST
from tasks.moving.pictures import rows as copies
from tasks.moving.sources import SOURCES

LONGEST_KEY: Final = 1000


class AlreadyMoving(InvalidField):
    """Another run is open."""

    def __init__(self) -> None:
        super().__init__("迁移任务执行中...", "Moving in is under way already")


def begin(
    source: MoveSource,
    host: str,
    api_key: str,
    *,
    is_dry: bool = False,
    with_pictures: bool = True,
    given: list[Any] | None = None,
    by_nudge: bool = True,
) -> MoveIn:
    """Write a run that a worker does. Raises InvalidField, AlreadyMoving.

    `given` are accounts that the operator has sent. Without `by_nudge` the caller does
    the work.
    """
    host = _checked_host(host)
    if not (api_key.isascii() and api_key.isprintable()) or len(api_key) > LONGEST_KEY:
        raise InvalidField("apiSecret 参数错误", "The key is no text of a header")
    try:
        move = _write(
            source=source,
            host=host,
            api_key=api_key.strip(),
            is_dry=is_dry,
            with_pictures=with_pictures,
            given=orjson.dumps(given).decode() if given else "",
        )
    except IntegrityError:
        raise AlreadyMoving from None
    if by_nudge:
        transaction.on_commit(lambda: nudge("tasks.move_in", move.pk))
    return move


@in_record
@transaction.atomic
def _write(**values: Any) -> MoveIn:
    actor = current()
    owner_id = actor.user_id if actor else None
    if owner_id is None:  # a command: what has no owner here is the first operator's
        owner_id = User.objects.only("pk").get(username=ADMIN_NAME).pk
    move = MoveIn.objects.create(
        **values,
        part=SOURCES[values["source"]][0].name,
        owner_id=owner_id,
        actor=actor.name if actor else "",
        actor_origin=actor.origin if actor else "",
        actor_id=actor.user_id if actor else None,
    )
    told = {"dry_run": move.is_dry, "pictures": move.with_pictures}
    note("move in", move, source=move.source, host=move.host, **told)
    return move


def _checked_host(host: str) -> str:
    """Return the address without a path of the API. Raises InvalidField."""
    text = host.strip().rstrip("/").removesuffix("/mj")
    try:
        check_url(text)
        parts = parts_of(text)
    except Unfetchable as exc:
        raise InvalidField(f"host 错误: {exc.zh}", f"The address: {exc.en}") from exc
    if "?" in parts.target or "#" in text or len(text) > LONGEST_HOST:
        raise InvalidField("host 错误", "The address is that of a server alone")
    return parts.origin + parts.target.rstrip("/")


@in_record
@transaction.atomic
def stop(move_id: int) -> bool:
    """Stop an open run, and the copies of pictures; what was taken stays.

    Returns whether anything was left to do.
    """
    rows = MoveIn.objects.filter(pk=move_id, state=MoveState.OPEN)
    watch(rows.defer(*MoveIn.SECRETS))
    ended = {"open_key": None, "api_key": "", "given": "", "ended_at": timezone.now()}
    was_open = bool(rows.update(state=MoveState.STOPPED, **ended))
    if left := copies.stop(move_id):
        note("stop copying pictures", (MoveIn, move_id), left=left)
    return was_open or bool(left)
