"""Choose the account and the speed of a new task (docs/api.md, account filter)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypedDict

from django.db.models import F, Q, Subquery
from django.utils import timezone

from accounts.choice.order import order
from accounts.choice.pool_settings import pool
from accounts.choice.rules import Need, first_of, rules
from accounts.enums import ChoiceRule
from accounts.models import DiscordAccount, User
from accounts.selectors import for_choice
from accounts.states import LOST
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import BotType, TaskAction
from tasks.load import with_load
from tasks.models import Task
from tasks.submit.refusal import refusal

_FEATURES: Final = {
    TaskAction.BLEND: "is_blend",
    TaskAction.DESCRIBE: "is_describe",
    TaskAction.SHORTEN: "is_shorten",
}
_ABOUT_SOMETHING: Final = frozenset({TaskAction.IMAGINE, TaskAction.VIDEO})
# Columns of a chosen account that are read.
_GIVEN: Final = ("channel_id", "max_queue_size", "timeout_minutes", "picked_at")
# rules whose result changes with time
_FOR_NOW: Final = frozenset({"standing", "work_hours"})


class AccountFilter(TypedDict, total=False):
    """The accounts that may draw, as a client names them and the row keeps them."""

    instanceId: str
    channelId: str
    modes: list[str]
    remix: bool
    nijiRemix: bool
    remixAutoConsidered: bool
    remark: str


@dataclass(frozen=True)
class Wanted:
    """A request's wishes for its account. Empty fields accept any.

    The task is drawn at the first of `modes` that the account allows.
    """

    instance_id: str = ""
    modes: tuple[str, ...] = ()
    remix: bool | None = None
    niji_remix: bool | None = None
    remix_auto_considered: bool | None = None
    remark: str = ""

    @classmethod
    def of(cls, asked: AccountFilter | None, user: User, mode: str = "") -> Wanted:
        """Return the wishes in a user's filter; `mode` outranks the filter's modes.

        Only operators may choose by remark, so that responses do not reveal remarks to
        other users.
        """
        given: AccountFilter = asked or {}
        remark = given.get("remark") if user.is_operator else ""
        channel = given.get("instanceId") or given.get("channelId") or ""
        return cls(
            instance_id=channel.strip(),
            modes=tuple(dict.fromkeys([mode] if mode else given.get("modes") or [])),
            remix=given.get("remix"),
            niji_remix=given.get("nijiRemix"),
            remix_auto_considered=given.get("remixAutoConsidered"),
            remark=(remark or "").strip(),
        )


@dataclass(frozen=True)
class Chosen:
    account: DiscordAccount
    mode: str  # the speed of the task, "" if the account decides
    in_turn: bool = False  # whoever takes the account must still find this turn


def choose(
    action: TaskAction, bot_type: BotType, wanted: Wanted, prompt: str = ""
) -> Chosen:
    """Return an account for a new task. Raises NoAccount, QueueFull.

    `prompt` is the user's text: its subjects select accounts reserved for them.
    """
    how = pool()
    need = _need(action, bot_type, wanted)
    if action in _ABOUT_SOMETHING:
        need = replace(need, subjects=how.subjects_of(prompt))
    need = replace(need, closed=how.closed)
    found = _first(need, how.rule)
    if found is None:
        raise refusal(need)
    mode = wanted.modes[found.speed] if wanted.modes else ""
    return Chosen(found, mode, how.rule == ChoiceRule.POLLING)


def may_come(
    action: TaskAction, bot_type: BotType, wanted: Wanted, prompt: str = ""
) -> bool:
    """Tell whether an account in its present setup could draw such a task later.

    It may be busy, outside its hours, or in a trouble that ends. Disabled accounts and
    those with an invalid token do not count.
    """
    need = replace(_need(action, bot_type, wanted), day=None, room=False)
    if action in _ABOUT_SOMETHING:
        need = replace(need, subjects=pool().subjects_of(prompt))
    holds = (rule.holds for rule in rules(need) if rule.name not in _FOR_NOW)
    rows = DiscordAccount.objects.filter(*holds)
    return rows.exclude(state__in=sorted(LOST)).exists()


def any_account(wanted: Wanted) -> DiscordAccount | None:
    """Return a wanted account that can reach Discord, whatever it may draw."""
    found: DiscordAccount | None = _first(_wishes(wanted), pool().rule)
    return found


def host_among(accounts: Q, bot_type: BotType, wanted: Wanted) -> DiscordAccount | None:
    """Return one of these accounts to press a button, or None."""
    how = pool()
    need = _need(TaskAction.SHOW, bot_type, wanted)
    need = replace(need, closed=how.closed)
    rows = with_load(for_choice(DiscordAccount.objects.filter(accounts)))
    found: DiscordAccount | None = _ranked(rows, need, how.rule).first()
    return found


def account_of(task: Task | None, wanted: Wanted | None = None) -> DiscordAccount:
    """Return the account of a task, if it is usable and wanted. Raises NoAccount."""
    own = Q(pk=(task and task.account_id) or 0)
    need = _wishes(wanted or Wanted())
    holds = (rule.holds for rule in rules(need))
    account = for_choice(DiscordAccount.objects.filter(own, *holds)).first()
    if account is None:
        raise refusal(need, own, who=("该任务的账号", "the account of that task"))
    return account


def is_new(action: TaskAction) -> bool:
    """Tell whether an action draws something new, which hours and limits restrict."""
    return action != TaskAction.SHOW


def _need(action: TaskAction, bot_type: BotType, wanted: Wanted) -> Need:
    niji = bot_type == BotType.NIJI_JOURNEY
    feature = _FEATURES.get(action)
    return replace(
        _wishes(wanted),
        switches=(
            "enable_niji" if niji else "enable_mj",
            *([feature] if feature else []),
        ),
        day=timezone.localdate() if is_new(action) else None,
        room=True,
    )


def _wishes(wanted: Wanted) -> Need:
    return Need(
        instance_id=wanted.instance_id,
        remark=wanted.remark,
        modes=wanted.modes,
        remix=wanted.remix,
        niji_remix=wanted.niji_remix,
        remix_auto=wanted.remix_auto_considered,
    )


def _first(need: Need, rule: str) -> Any:
    words = {"instance_id": need.instance_id, "remark": need.remark}
    given = {name: word for name, word in words.items() if word}
    shape = replace(need, instance_id="", remark="")
    found = _query(shape, rule, tuple(given))(*given.values())
    return found[0] if found else None


@lru_cache(maxsize=512)
def _query(
    need: Need, rule: str, given: tuple[str, ...]
) -> CompiledQuery[DiscordAccount]:
    """Return the query for all needs of one shape: building its SQL is slow."""

    def build(*values: Any) -> Any:
        whole = replace(need, **dict(zip(given, values, strict=True)))
        # The database sorts all rows, so few columns are loaded.
        rows = with_load(DiscordAccount.objects.only(*_GIVEN))
        return _ranked(rows, whole, rule)[:1]

    return CompiledQuery[DiscordAccount](build, values=len(given))


def _ranked(rows: Any, need: Need, rule: str) -> Any:
    """Return the accounts that fit, best first."""
    rows = rows.filter(*(each.holds for each in rules(need)))
    first: list[Any] = []
    if need.subjects:
        first.append(F("is_vertical_domain").desc())
    if need.modes:
        rows = rows.annotate(speed=first_of(need.modes))
        first.append("speed")
    if rule == ChoiceRule.POLLING:
        turns = DiscordAccount.objects.exclude(picked_at=None).values("picked_at")
        last = turns.order_by("-picked_at")[:1]
        rows = rows.annotate(last_turn=Subquery(last))
    return rows.order_by(*first, *order(rule))
