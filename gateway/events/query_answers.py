"""Handle the bots' answers to queries: match by identity, read, apply."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, TypedDict

from django.utils import timezone

from accounts.enums import AccountState, BotType
from accounts.models import BotSnapshot, DiscordAccount
from accounts.state import bot_snapshots
from accounts.state.changes import trouble
from accounts.state.notes import note_remix
from gateway.enums import ON_PANEL, QueryKind, QueryState
from gateway.events.notices import apply_to_account
from gateway.models import AccountQuery, GatewaySession
from gateway.protocol import panels, plans
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP, MessageFlag
from gateway.protocol.messages import Message
from gateway.protocol.notice_kinds import VERIFICATION
from gateway.protocol.notices import Notice
from gateway.protocol.panels import Panel
from gateway.protocol.plans import Plan
from gateway.protocol.shapes import Opened
from gateway.queries import fast_time
from gateway.queries.ask import ask
from gateway.sending import queries

logger = logging.getLogger(__name__)


def _in_flight(account_id: int) -> AccountQuery | None:
    rows = AccountQuery.objects.filter(account=account_id, state=QueryState.SENT)
    return rows.first()


def interaction_seen(account_id: int, data: Opened) -> bool:
    """Record the id of a query's interaction; return False if there is none."""
    query = _in_flight(account_id)
    seen = str(data.get("id") or "")
    if query is None or query.nonce != str(data.get("nonce") or ""):
        return False
    if seen.isdecimal() and len(seen) <= 20:
        AccountQuery.objects.filter(pk=query.pk).update(interaction_id=seen)
    return True


def interaction_failed(account_id: int, data: Opened) -> bool:
    """Treat a query as unanswered, because Midjourney took too long."""
    query = _in_flight(account_id)
    if query is None or query.nonce != str(data.get("nonce") or ""):
        return False
    queries.unanswered(query)
    return True


def challenged(account_id: int, data: Opened) -> bool:
    """End a query that was answered with a verification page."""
    query = _in_flight(account_id)
    if query is None or query.nonce != str(data.get("nonce") or ""):
        return False
    return queries.give_up(query, Notice(VERIFICATION, "").reason)


def heard(
    account_id: int, user_id: str, message: Message, notice: Notice | None
) -> bool:
    """Handle a message that answers a query; return False if it does not."""
    if message.addressee not in ("", user_id):
        return False
    query = _in_flight(account_id)
    if query is None or not _answers(query, message):
        return _panel_moved(account_id, message)
    if message.is_loading:
        if query.kind not in ON_PANEL:
            AccountQuery.objects.filter(pk=query.pk).update(message_id=message.id)
        return True
    if not _understood(query, message, notice):
        if notice:
            apply_to_account(account_id, user_id, message, notice, known=True)
        said = notice.reason if notice else f"未知回复 / it answered: {message.text}"
        queries.give_up(query, said)
    return True


def _answers(query: AccountQuery, message: Message) -> bool:
    app = NIJI_APP if query.is_niji else MIDJOURNEY_APP
    if message.author_id not in ("", app):
        return False
    return (
        message.nonce == query.nonce
        or query.interaction_id in message.interaction_ids
        or message.id == query.message_id
    )


def _panel_moved(account_id: int, message: Message) -> bool:
    """Record a panel that was edited without a query that waits for it."""
    if not message.flags & MessageFlag.EPHEMERAL:
        return False
    known = BotSnapshot.objects.filter(account=account_id, message_id=message.id)
    snapshot, panel = known.first(), panels.read(message)
    if snapshot is None or panel is None:
        return False
    note_panel(account_id, snapshot.bot, panel)
    return True


def _understood(query: AccountQuery, message: Message, notice: Notice | None) -> bool:
    match QueryKind(query.kind):
        case QueryKind.INFO:
            if plan := plans.read(message):
                note_plan(query.account_id, query.bot, plan, asked_at=query.sent_at)
                if queries.done(query):
                    _ask_anew(query)
                return True
        case QueryKind.SETTINGS | QueryKind.PRESS | QueryKind.SELECT:
            if panel := panels.read(message):
                sent, place = query.sent_at, _place(query, message)
                note_panel(query.account_id, query.bot, panel, asked_at=sent, **place)
                if queries.done(query) and query.kind == QueryKind.PRESS:
                    # Speed and visibility are part of /info too.
                    look = [(query.bot, QueryKind.INFO)]
                    ask(query.account_id, look, by_hand=query.by_hand)
                else:
                    _ask_anew(query)
                return True
        case QueryKind.COMMAND:
            if not notice and message.text:
                _commanded(query, message.text)
                return True
    return False


def _ask_anew(query: AccountQuery) -> None:
    """Ask again if a person has acted since: the answer then changes no state."""
    rows = DiscordAccount.objects.filter(pk=query.account_id)
    if query.sent_at and rows.filter(acted_at__gt=query.sent_at).exists():
        look = [(query.bot, QueryKind(query.kind))]
        if query.kind in ON_PANEL:
            look = [(query.bot, QueryKind.SETTINGS)]
        ask(query.account_id, look, by_hand=query.by_hand)


class Place(TypedDict, total=False):
    """The place at which a panel can be pressed; it ends with the session."""

    message_id: str
    session_id: str
    shown_at: datetime | None


def _place(query: AccountQuery, message: Message) -> Place:
    """Return the place at which the panel can be pressed; /settings makes a new one."""
    if query.kind != QueryKind.SETTINGS:
        return {}
    session = GatewaySession.objects.filter(account=query.account_id).first()
    return {
        "message_id": message.id,
        "session_id": session.session_id if session else "",
        "shown_at": query.sent_at,
    }


def _commanded(query: AccountQuery, text: str) -> None:
    said = " ".join(text.replace("\x00", "").split())
    if not queries.done(query, said):
        return
    remix = panels.remix_of(text)
    if remix is not None:
        sent = query.sent_at
        note_remix(query.account_id, niji=query.is_niji, on=remix, asked_at=sent)
        bot_snapshots.note(query.account_id, query.bot, remix_on=remix)
    look = [(query.bot, QueryKind.INFO), (query.bot, QueryKind.SETTINGS)]
    ask(query.account_id, look, by_hand=query.by_hand)


# --- effects on the account ----------------------------------------------------------


def note_plan(
    account_id: int, bot: str, plan: Plan, *, asked_at: datetime | None = None
) -> None:
    """Record the answer to /info, and apply its fast time or missing plan.

    An answer that was `asked_at` before a person acted does not undo that act.
    """
    now = timezone.now()
    bot_snapshots.note(
        account_id,
        bot,
        properties=plan.properties,
        plan=plan.name,
        plan_until=plan.until,
        fast_hours=plan.fast_hours,
        job_mode=plan.job_mode,
        info_at=now,
        error="",
    )
    if plan.has_ended(now):
        text = "账号没有有效订阅，请续订 / the account has no active plan; renew it"
        said = f"{text}: {plan.subscription}"
        state = AccountState.NO_SUBSCRIPTION
        trouble(account_id, state, said, asked_at=asked_at)
    elif plan.fast_hours is not None:
        fast_time.note_hours(account_id, plan.fast_hours, asked_at=asked_at)


def note_panel(
    account_id: int,
    bot: str,
    panel: Panel,
    *,
    asked_at: datetime | None = None,
    **place: Any,
) -> None:
    """Record the settings panel."""
    bot_snapshots.note(
        account_id,
        bot,
        components=panel.components,
        suffix=panel.suffix,
        version=panel.version,
        switches=panel.switches,
        remix_on=panel.remix_on,
        settings_at=timezone.now(),
        error="",
        **place,
    )
    if panel.remix_on is not None:
        is_niji = bot == BotType.NIJI_JOURNEY
        note_remix(account_id, niji=is_niji, on=panel.remix_on, asked_at=asked_at)
