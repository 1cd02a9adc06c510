from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.editing import save
from accounts.models import DiscordAccount


@pytest.mark.parametrize(
    ("field", "value", "connects"),
    [
        ("user_token", "another", True),
        ("guild_id", "1118138338562560199", True),
        ("channel_id", "1118138338562560299", True),
        ("proxy_url", "http://127.0.0.1:3128", True),
        ("user_agent", "Mozilla/5.0", True),
        ("remark", "a fox", False),
        ("core_size", 7, False),
        ("work_time", "", False),
        ("enabled", True, False),
        ("private_channel_id", "1118138338562560399", False),
        ("bot_token", "something", False),
    ],
)
def test_only_what_concerns_the_connection_makes_it_anew(
    account: DiscordAccount, field: str, value: object, connects: bool
) -> None:
    setattr(account, field, value)

    save.save_account(account, fields={field})

    account.refresh_from_db()
    assert (account.revision, account.anew_revision) == ((1, 1) if connects else (0, 0))


def test_an_edit_writes_only_what_it_names(account: DiscordAccount) -> None:
    stale = DiscordAccount.objects.get(pk=account.pk)
    DiscordAccount.objects.update(fast_exhausted=True, mj_remix_on=True)
    stale.remark = "a fox"

    save.save_account(stale, fields={"remark"})

    account.refresh_from_db()
    assert account.remark == "a fox"
    assert account.fast_exhausted
    assert account.mj_remix_on


def test_a_wrong_channel_is_refused_by_field(account: DiscordAccount) -> None:
    account.channel_id = "12"

    with pytest.raises(ValidationError) as caught:
        save.save_account(account)

    assert set(caught.value.message_dict) == {"channel_id"}
