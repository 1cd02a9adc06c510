"""Send queries to the bots: one at a time for an account, at its pace.

The nonce is committed before the post. A query that only reads is sent again if no
answer comes. A toggle is never sent again blindly; instead the panel is read.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import without_secrets
from accounts.state import bot_snapshots
from gateway import timing
from gateway.discord import clients
from gateway.discord.command_index import UnknownCommand, find_command
from gateway.enums import ON_PANEL, OVER, QueryKind, QueryState
from gateway.lanes import lane
from gateway.leases import still_open
from gateway.models import AccountQuery, GatewaySession
from gateway.nudges import enqueue_query
from gateway.protocol import panels, payloads
from gateway.protocol.answers import Answer
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.protocol.payloads import Place
from gateway.protocol.shapes import Interaction
from gateway.queries.ask import ask
from gateway.sending import outcomes, posting, refusals
from gateway.sending.post_claim import PostClaim
from gateway.sending.refusals import Sent
from gateway.sending.session import sendable_session
from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

PACE: Final = timedelta(seconds=2.5)
LIFE: Final = timedelta(minutes=10)  # time for a query to be sent
PANEL_LIFE: Final = timedelta(minutes=14)
MOST_TRIES: Final = 2
_TOGGLES: Final = frozenset({"prefer remix", "prefer variability", "prefer auto_dm"})


class NotOnPanel(Exception):
    """The settings panel has no such control now."""


@dataclass(frozen=True)
class Claimed:
    account: DiscordAccount
    query: AccountQuery
    right: PostClaim
    body: Interaction


def run_next(account_id: int) -> None:
    """Send the account's next query if it is due.

    Safe to call any number of times.
    """
    if claim := _claim(account_id):
        post = partial(_post, claim)
        event_loop.spawn(faults.watch(_sending(claim.query.pk), post, at_once=True))


def _sending(query_id: int) -> Work:
    return Work("asking query", query_id, _break_off)


def _break_off(query_id: int, reason: str) -> None:
    if query := AccountQuery.objects.filter(pk=query_id).first():
        give_up(query, reason)


def _claim(account_id: int) -> Claimed | None:
    accounts = without_secrets(DiscordAccount.objects.filter(pk=account_id))
    account = accounts.filter(enabled=True).first()
    session = sendable_session(account)
    if account is None or session is None or not _is_time(account, session):
        return None
    query = _next(account, session)
    if query is None:
        return None
    nonce = new_nonce()
    body, began = _body_or_none(account, session, query, nonce), time.monotonic()
    if body is None or not _take(query, session, nonce, body):
        return None
    lane.keep_pace(account)
    right = PostClaim(nonce, partial(_renew, query.pk, session), began)
    return Claimed(account, query, right, body)


def _body_or_none(
    account: DiscordAccount, session: GatewaySession, query: AccountQuery, nonce: str
) -> Interaction | None:
    """Return the interaction, or None if it cannot be made.

    Then the query ends or waits, so that others may go.
    """
    try:
        return _body(account, session, query, nonce)
    except UnknownCommand as exc:
        give_up(query, f"Discord 没有该命令 / Discord lists no command {exc}")
    except NotOnPanel:
        give_up(query, "设置面板没有该选项 / the settings show no such control now")
    except faults.AWAY:
        raise
    except Exception as exc:
        pause = faults.settle(_sending(query.pk), exc)
        rows = AccountQuery.objects.filter(pk=query.pk, state=QueryState.WAITING)
        rows.update(not_before=timezone.now() + pause)
    return None


def _is_time(account: DiscordAccount, session: GatewaySession) -> bool:
    """Return whether the Discord user may be asked now, in any of its channels."""
    rows = AccountQuery.objects.filter(account__session__user_id=session.user_id)
    if rows.exclude(flight=None).exists():
        return False
    pace = PACE if account.interval else timedelta(0)
    return not rows.filter(sent_at__gt=timezone.now() - pace).exists()


def _next(account: DiscordAccount, session: GatewaySession) -> AccountQuery | None:
    """Return the oldest query that may be sent now, or the one that it needs first."""
    rows = AccountQuery.objects.filter(account=account, state=QueryState.WAITING)
    rows = rows.filter(due("not_before"))
    if not account.is_ready:
        rows = rows.filter(by_hand=True)  # a person may still check the account
    for query in rows.select_related("needs").order_by("pk"):
        if query.needs and query.needs.state not in OVER:
            continue
        if query.kind not in ON_PANEL or _panel(query, session):
            return query
        if query.needs and query.needs.state == QueryState.FAILED:
            give_up(query, query.needs.error)
            continue
        return _ask_first(query)
    return None


def _panel(query: AccountQuery, session: GatewaySession) -> BotSnapshot | None:
    """Return the snapshot whose settings panel can be pressed now."""
    return BotSnapshot.objects.filter(
        account=query.account_id,
        bot=query.bot,
        session_id=session.session_id,
        shown_at__gt=timezone.now() - PANEL_LIFE,
    ).first()


def _ask_first(query: AccountQuery) -> AccountQuery:
    needs = AccountQuery.objects.create(
        account_id=query.account_id,
        bot=query.bot,
        kind=QueryKind.SETTINGS,
        by_hand=query.by_hand,
    )
    AccountQuery.objects.filter(pk=query.pk).update(needs=needs)
    return needs


def _body(
    account: DiscordAccount, session: GatewaySession, query: AccountQuery, nonce: str
) -> Interaction:
    """Return the interaction. Raises UnknownCommand, NotOnPanel."""
    app = NIJI_APP if query.is_niji else MIDJOURNEY_APP
    place = Place(app, account.channel_id, session.session_id, account.guild_id)
    if query.kind in ON_PANEL:
        return _on_panel(place, session, query, nonce)
    name, _, part = (query.target or query.kind).partition(" ")
    command = find_command(account.pk, app, name)
    options = []
    if part:
        value = [payloads.text_option("new_value", query.value)] if query.value else []
        options = [payloads.subcommand(part, *value)]
    return payloads.slash_command(place, nonce, command, options)


def _on_panel(
    place: Place, session: GatewaySession, query: AccountQuery, nonce: str
) -> Interaction:
    panel = _panel(query, session)
    if panel is None:
        raise NotOnPanel
    if query.kind == QueryKind.SELECT:
        if not (select := panels.select_with(panel.components, query.value)):
            raise NotOnPanel
        return payloads.choice(
            place,
            nonce,
            message_id=panel.message_id,
            custom_id=select,
            value=query.value,
        )
    if panels.button_of(panel.components, query.target) is None:
        raise NotOnPanel
    return payloads.button(
        place, nonce, message_id=panel.message_id, flags=64, custom_id=query.target
    )


@again_after_deadlock
def _take(
    query: AccountQuery, session: GatewaySession, nonce: str, body: Interaction
) -> bool:
    now = timezone.now()
    rows = AccountQuery.objects.filter(pk=query.pk, state=QueryState.WAITING)
    rows = rows.filter(still_open(session))
    try:
        with transaction.atomic():
            return bool(
                rows.update(
                    state=QueryState.SENT,
                    flight=int(session.user_id),
                    attempts=F("attempts") + 1,
                    nonce=nonce,
                    interaction_id="",
                    message_id=body.get("message_id", ""),
                    sent_at=now,
                    deadline_at=now + timing.QUERY_ANSWER,
                )
            )
    except IntegrityError:
        return False  # another worker has sent another query


async def _post(claim: Claimed, query_id: int) -> None:
    try:
        http = await clients.client_of(claim.account)
        posted = await posting.post(http, claim.account, claim.body, claim.right)
    except faults.AWAY:
        await outcomes.keep(_not_sent, query_id, claim.right.nonce)
        raise
    if posted:
        await outcomes.keep(settle, query_id, posted.nonce, posted.answer)


def _not_sent(query_id: int, nonce: str) -> None:
    """Let a query wait again, if it still has this nonce: no post has left."""
    rows = AccountQuery.objects.filter(pk=query_id, nonce=nonce, state=QueryState.SENT)
    if query := rows.first():
        _wait_again(query, attempts=query.attempts - 1)


def _renew(query_id: int, session: GatewaySession, old: str, fresh: str) -> bool:
    """Wait again for an answer; `fresh` replaces the nonce `old`."""
    rows = AccountQuery.objects.filter(pk=query_id, nonce=old, state=QueryState.SENT)
    rows = rows.filter(still_open(session))
    moment = timezone.now() + timing.QUERY_ANSWER
    return bool(rows.update(nonce=fresh, deadline_at=moment))


# --- answers -------------------------------------------------------------------------


@dataclass(frozen=True)
class _SentQuery(Sent):
    """A query that was posted and has no answer yet."""

    query: AccountQuery

    def asked_at(self) -> datetime | None:
        return self.query.sent_at

    def later(self, answer: Answer, moment: datetime) -> None:
        _wait_again(self.query, attempts=self.query.attempts - 1, not_before=moment)

    def account_refused(self, answer: Answer) -> None:
        give_up(self.query, answer.reason)

    def refused(self, answer: Answer) -> None:
        """Give up; a panel may be gone: then a new one is asked for once."""
        on_panel = self.query.kind in ON_PANEL
        if on_panel:
            bot_snapshots.forget_panel(self.query.account_id, self.query.bot)
        if on_panel and self.query.attempts < MOST_TRIES:
            _wait_again(self.query, needs=None)
        else:
            give_up(self.query, answer.reason)


def settle(query_id: int, nonce: str, answer: Answer) -> None:
    """Apply Discord's answer to the post; the bot's own answer comes as events."""
    rows = AccountQuery.objects.filter(pk=query_id, nonce=nonce, state=QueryState.SENT)
    if query := rows.first():
        refusals.settle(query.account_id, _SentQuery(query), answer)


def unanswered(query: AccountQuery) -> None:
    """Repeat a query that only reads; end a toggle and read the panel."""
    toggles = query.kind in ON_PANEL or query.target in _TOGGLES
    if query.attempts < MOST_TRIES and not toggles:
        logger.warning(
            "account %s: no answer to %s, asked again", query.account_id, query
        )
        _wait_again(query)
        return
    ended = give_up(query, "Midjourney 没有回复 / Midjourney did not answer")
    if ended and toggles:
        bot_snapshots.forget_panel(query.account_id, query.bot)
        look = [(query.bot, QueryKind.SETTINGS)]
        ask(query.account_id, look, by_hand=query.by_hand)


def _wait_again(query: AccountQuery, **facts: Any) -> None:
    rows = AccountQuery.objects.filter(
        pk=query.pk, nonce=query.nonce, state=QueryState.SENT
    )
    rows.update(state=QueryState.WAITING, flight=None, **facts)
    transaction.on_commit(partial(enqueue_query, query.account_id))


def done(query: AccountQuery, answer: str = "") -> bool:
    """Record that a query was answered; return False if it was over."""
    return _end(query, state=QueryState.DONE, answer=answer[:400])


def give_up(query: AccountQuery, reason: str) -> bool:
    """End a query with a reason for the operator; return False if it was over."""
    ended = _end(query, state=QueryState.FAILED, error=reason[:400])
    if ended:
        logger.warning("account %s: %s: %s", query.account_id, query, reason)
        bot_snapshots.note(
            query.account_id, query.bot, error=f"{query}: {reason}"[:400]
        )
    return ended


def _end(query: AccountQuery, **facts: Any) -> bool:
    rows = AccountQuery.objects.filter(pk=query.pk).exclude(state__in=OVER)
    ended = bool(rows.update(flight=None, **facts))
    if ended:
        transaction.on_commit(partial(enqueue_query, query.account_id))
    return ended


# --- the sweep -----------------------------------------------------------------------


def accounts_to_ask() -> list[int]:
    """End or repeat overdue queries; return the accounts with waiting ones."""
    now = timezone.now()
    lost = AccountQuery.objects.filter(state=QueryState.SENT, deadline_at__lt=now)
    for query in lost[:200]:
        unanswered(query)
    waiting = AccountQuery.objects.filter(state=QueryState.WAITING)
    for query in waiting.filter(created_at__lt=now - LIFE)[:200]:
        give_up(query, "账号未连接 / the account was not connected")
    ids = waiting.filter(due("not_before", now), account__enabled=True).order_by()
    return list(ids.values_list("account_id", flat=True).distinct())
