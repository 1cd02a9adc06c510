"""Explain why no account can take a task."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import BigIntegerField, Case, Q, Value, When
from django.utils import timezone

from accounts import hours
from accounts.choice.rules import Need, Rule, rules
from accounts.models import DiscordAccount
from accounts.selectors import for_choice
from tasks.exceptions import NoAccount, QueueFull, Refused
from tasks.load import with_load

# Accounts that fail these rules are not named: they are not what was asked for.
_NOT_MEANT = frozenset({"instance", "remark"})


NEAREST: Final = "最接近的账号", "the nearest one"


def refusal(
    need: Need, among: Q | None = None, who: tuple[str, str] = NEAREST
) -> Refused:
    """Return the refusal if no account fits: the rule that the nearest one fails.

    The nearest account passes most of the ordered rules before it fails one.
    """
    checked = rules(need)
    found = _nearest(checked, among or Q())
    if found is None:
        return NoAccount()
    account, failed = found
    if failed.name == "room":
        return QueueFull(discordInstanceId=account.channel_id)
    hint = {"reason": failed.name}
    if failed.name not in _NOT_MEANT:
        hint["discordInstanceId"] = account.channel_id
    zh, en = who
    then_zh, then_en = _then(account, failed)
    return NoAccount(
        failed.zh.format(who=zh) + then_zh, failed.en.format(who=en) + then_en, **hint
    )


def _then(account: DiscordAccount, failed: Rule) -> tuple[str, str]:
    """Return the time until which the account fails the rule, in both languages."""
    if until := _end(account, failed):
        moment = f"{until:%Y-%m-%d %H:%M} UTC"
        return f"，{moment} 自动恢复", f"; it goes on by itself at {moment}"
    if failed.name == "standing":
        return "", " until it has recovered, or a person has acted"
    return "", ""


def _end(account: DiscordAccount, failed: Rule) -> datetime | None:
    if failed.name in ("standing", "work_hours") and account.resume_at:
        return account.resume_at
    spans = {"work_hours": account.work_time, "idle_hours": account.fishing_time}
    text = spans.get(failed.name)
    return hours.next_change(text, timezone.now()) if text else None


def _nearest(checked: list[Rule], among: Q) -> tuple[DiscordAccount, Rule] | None:
    """Return the nearest account and the first rule that it fails, or None."""
    count = len(checked)
    # One bit for each failed rule, the highest for the first rule.
    bits: Any = sum(
        (
            Case(
                When(rule.holds, then=Value(0)),
                default=Value(1 << (count - 1 - position)),
                output_field=BigIntegerField(),
            )
            for position, rule in enumerate(checked)
        ),
        start=Value(0, output_field=BigIntegerField()),
    )
    rows = with_load(for_choice(DiscordAccount.objects.filter(among)))
    account = rows.annotate(failed=bits).order_by("failed", "sort", "pk").first()
    if account is None or not account.failed:
        return None  # there is no account, or one has just become free
    return account, checked[count - account.failed.bit_length()]
