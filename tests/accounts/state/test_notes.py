from __future__ import annotations

from accounts.models import DiscordAccount
from accounts.state import notes


def test_used_up_time_is_news_once(account: DiscordAccount) -> None:
    assert notes.mark_fast_exhausted(account.pk, "why") is True
    assert notes.mark_fast_exhausted(account.pk, "why") is False


def test_only_a_newer_notice_is_new(account: DiscordAccount) -> None:
    heard = [notes.note_notice(account.pk, i) for i in ("9", "9", "8", "10")]

    assert heard == [True, False, False, True]
