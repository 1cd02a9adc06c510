"""MEMBERS: the table that reads, shows and documents an account's members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from accounts import ports
from accounts.choice.rules import draws_new_now
from accounts.models import DiscordAccount, User
from accounts.verification import lock
from accounts.wire.bot_members import SNAPSHOT_MEMBERS
from accounts.wire.member import (
    FLAG,
    NUMBER,
    OBJECT,
    SPEED,
    SPEEDS,
    STATE,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    Member,
    Seen,
    ShownSerializer,
)

HIDDEN: Final = "****"  # sent instead of a stored secret; clients may send it back


def _links(seen: Seen) -> list[str]:
    return [str(channel) for channel in seen.account.sub_channels.all()]


def _servers(seen: Seen) -> dict[str, str]:
    rows = seen.account.sub_channels.all()
    return {channel.channel_id: channel.guild_id for channel in rows}


def _domains(seen: Seen) -> list[str]:
    return [str(tag.pk) for tag in seen.account.vertical_domains.all()]


def _channel(seen: Seen) -> str:
    return seen.account.channel_id


def _waits_at_most(seen: Seen) -> int:
    return seen.account.max_queue_size


PUBLIC: Final = (
    Member("id", TEXT, look=lambda it: str(it.account.pk), public=True),
    Member("channelId", TEXT, "channel_id", public=True),
    Member("instanceId", TEXT, look=_channel, public=True),
    Member("enable", FLAG, "enabled", public=True, bulk=True),
    Member("running", FLAG, look=lambda it: it.account.is_ready, public=True),
    Member(
        "mode",
        SPEED,
        "mode",
        look=lambda it: it.account.mode or None,
        public=True,
        bulk=True,
        help_text="The only speed it draws with; null or empty: the task's speed.",
    ),
    Member("enableMj", FLAG, "enable_mj", public=True, bulk=True),
    Member("enableNiji", FLAG, "enable_niji", public=True, bulk=True),
    Member("coreSize", WHOLE, "core_size", public=True, bulk=True),
    Member(
        "allowModes",
        SPEEDS,
        "allow_modes",
        public=True,
        bulk=True,
        help_text="Empty: all.",
    ),
    Member("isBlend", FLAG, "is_blend", public=True, bulk=True),
    Member("isDescribe", FLAG, "is_describe", public=True, bulk=True),
    Member("isShorten", FLAG, "is_shorten", public=True, bulk=True),
    Member(
        "remixAutoSubmit",
        FLAG,
        "remix_auto_submit",
        public=True,
        bulk=True,
        help_text="Answers remix windows with the parent's prompt.",
    ),
    Member(
        "mjRemixOn",
        FLAG,
        "mj_remix_on",
        public=True,
        help_text="Remix mode as last seen; the next window corrects it.",
    ),
    Member("nijiRemixOn", FLAG, "niji_remix_on", public=True),
    Member(
        "fastExhausted", FLAG, look=lambda it: it.account.fast_exhausted, public=True
    ),
)
SETTINGS: Final = (
    Member("guildId", TEXT, "guild_id"),
    Member(
        "userToken",
        TEXT,
        "user_token",
        look=lambda it: HIDDEN,
        help_text="Never shown; empty or asterisks keep the stored one.",
    ),
    Member(
        "botToken",
        TEXT,
        "bot_token",
        look=lambda it: "",
        help_text="Never shown; empty or asterisks keep the stored one.",
    ),
    Member("proxyUrl", TEXT, "proxy_url", readable=False, help_text="Never shown."),
    Member("userAgent", TEXT, "user_agent"),
    Member("remark", TEXT, "remark", bulk=True),
    Member("group", TEXT, "group", bulk=True, help_text="A name to filter by."),
    Member("sponsor", TEXT, "sponsor", bulk=True, help_text="No markup."),
    Member("privateChannelId", TEXT, "private_channel_id"),
    Member("nijiBotChannelId", TEXT, "niji_bot_channel_id"),
    Member("permanentInvitationLink", TEXT, "permanent_invitation_link"),
    Member(
        "subChannels",
        TEXTS,
        "sub_channels",
        look=_links,
        help_text="Lines with https://discord.com/channels/{server}/{channel}; other "
        "text of a line is kept as a note.",
    ),
    Member("subChannelValues", OBJECT, look=_servers, help_text="Channel to server."),
    Member(
        "workTime",
        TEXT,
        "work_time",
        bulk=True,
        help_text="As 09:00-17:30, 22:00-02:00; empty: always.",
    ),
    Member(
        "fishingTime",
        TEXT,
        "fishing_time",
        bulk=True,
        help_text="Hours in which buttons are pressed and nothing new is drawn.",
    ),
    Member(
        "isAcceptNewTask",
        FLAG,
        look=lambda it: draws_new_now(it.account),
        help_text="Hours and day limit allow new drawings now.",
    ),
    Member(
        "dayDrawLimit", WHOLE, "day_draw_limit", bulk=True, help_text="-1: no limit."
    ),
    Member("dayDrawCount", WHOLE, look=lambda it: it.account.drawn_today),
    Member("isVerticalDomain", FLAG, "is_vertical_domain", bulk=True),
    Member("verticalDomainIds", TEXTS, "vertical_domains", look=_domains, bulk=True),
    Member(
        "maxQueueSize", WHOLE, "max_queue_size", bulk=True, help_text="0: no limit."
    ),
    Member(
        "queueSize",
        WHOLE,
        "queue_size",
        look=_waits_at_most,
        help_text="Same as `maxQueueSize`; if both are sent, the changed one counts.",
    ),
    Member("timeoutMinutes", WHOLE, "timeout_minutes", bulk=True),
    Member("interval", NUMBER, "interval", bulk=True, help_text="Seconds."),
    Member("afterIntervalMin", NUMBER, "after_interval_min", bulk=True),
    Member("afterIntervalMax", NUMBER, "after_interval_max", bulk=True),
    Member(
        "enableFastToRelax",
        FLAG,
        "enable_fast_to_relax",
        bulk=True,
        help_text="Send /relax when the fast time is used up.",
    ),
    Member(
        "enableRelaxToFast",
        FLAG,
        "enable_relax_to_fast",
        bulk=True,
        help_text="Send /fast when there is fast time again.",
    ),
    Member(
        "enableAutoSetRelax",
        FLAG,
        "enable_auto_set_relax",
        bulk=True,
        help_text="Allow relax only while the fast time is used up.",
    ),
    Member(
        "enableSwitchSpeed",
        FLAG,
        "enable_switch_speed",
        bulk=True,
        help_text="Send /fast, /relax or /turbo before a blend or a button.",
    ),
    Member("weight", WHOLE, "weight", bulk=True),
    Member("sort", WHOLE, "sort", bulk=True),
)
STANDING: Final = (
    Member("state", STATE, look=lambda it: it.account.state),
    Member("disabledReason", TEXT, look=lambda it: it.account.state_reason),
    Member(
        "lock",
        FLAG,
        look=lambda it: it.verification["lock"],
        help_text="The account waits for a human verification.",
    ),
    Member("cfHashUrl", TEXT, look=lambda it: it.verification["cfHashUrl"]),
    Member("cfHashCreated", TIME, look=lambda it: it.verification["cfHashCreated"]),
    Member("cfUrl", TEXT, look=lambda it: it.verification["cfUrl"]),
    Member("runningCount", WHOLE, look=lambda it: it.running),
    Member("queueCount", WHOLE, look=lambda it: it.queued),
    Member("dateCreated", TIME, look=lambda it: it.account.created_at.isoformat()),
)
# Lists show LISTED to operators; the table and one account show MEMBERS.
LISTED: Final = (*PUBLIC, *SETTINGS, *STANDING)
MEMBERS: Final = (*LISTED, *SNAPSHOT_MEMBERS)
WRITABLE: Final = {member.name: member for member in MEMBERS if member.writable}


class PoolAccountSerializer(ShownSerializer):
    """An account as lists show it. Tokens are never shown."""

    members = LISTED


class FetchedAccountSerializer(ShownSerializer):
    """One account with the reports of its bots, which only operators see."""

    members = MEMBERS


# Relations that a list of accounts prefetches.
RELATED: Final = ("sub_channels", "vertical_domains", lock.ALONG)


def accounts_json(
    accounts: Iterable[DiscordAccount], viewer: User, *, whole: bool
) -> list[dict[str, object]]:
    """Return the members of accounts that `viewer` may see, as JSON values.

    With `whole`, operators also see the reports of the bots. For operators the
    `RELATED` rows are read, with `whole` also `snapshots`: prefetch them for a list.
    """
    running, queued = ports.load().counts()
    return [
        _account_json(
            Seen(account, running.get(account.pk, 0), queued.get(account.pk, 0)),
            viewer,
            whole=whole,
        )
        for account in accounts
    ]


def _account_json(seen: Seen, viewer: User, *, whole: bool) -> dict[str, object]:
    table = MEMBERS if whole else LISTED
    return {
        member.name: member.value(seen)
        for member in (table if viewer.is_operator else PUBLIC)
        if member.readable
    }
