"""Select the accounts for a list, an edit of many or an export."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from django.db.models import Q, QuerySet
from rest_framework import serializers

from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount
from accounts.selectors import without_secrets
from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text

MOST_IDS: Final = 1000
SORTED_BY: Final = {
    "guildId": "guild_id",
    "channelId": "channel_id",
    "enable": "enabled",
    "remark": "remark",
    "group": "group",
    "sponsor": "sponsor",
    "dateCreated": "created_at",
}


class AccountSearchSerializer(DialectSerializer):
    guildId = Text()  # noqa: N815 - names on the wire are not ours
    channelId = Text()  # noqa: N815
    enable = serializers.BooleanField(required=False)
    remark = Text(help_text="A part of it.")
    sponsor = Text(help_text="A part of it.")
    group = Text(help_text="The whole name, case-insensitive.")


class WhichSerializer(DialectSerializer):
    """Accounts by row id or channel id, or by a search of the table."""

    ids = Items(
        child=serializers.CharField(max_length=20), max_length=MOST_IDS, required=False
    )
    search = AccountSearchSerializer(required=False)


class AccountSearch(TypedDict):
    """Members of a search, as its form has read them."""

    guildId: str
    channelId: str
    enable: NotRequired[bool]
    remark: str
    sponsor: str
    group: str


class Which(TypedDict, total=False):
    """Accounts by row id or channel id, or by a search."""

    ids: list[str]
    search: AccountSearch


def found(search: AccountSearch) -> QuerySet[DiscordAccount]:
    """Return the accounts that match all members of a search."""
    rows = without_secrets(DiscordAccount.objects.all())
    wanted = {
        "guild_id": search["guildId"].strip(),
        "channel_id": search["channelId"].strip(),
        "remark__icontains": search["remark"].strip(),
        "sponsor__icontains": search["sponsor"].strip(),
        "group__iexact": search["group"].strip(),
    }
    rows = rows.filter(**{look: text for look, text in wanted.items() if text})
    return rows.filter(enabled=search["enable"]) if "enable" in search else rows


def chosen(which: Which) -> QuerySet[DiscordAccount]:
    """Return the accounts that a form names. An empty search matches all.

    Raises InvalidField if it names none, or one that does not exist.
    """
    if "ids" not in which:
        if "search" not in which:
            raise InvalidField("参数错误", "Name accounts by ids or by search")
        return found(which["search"])
    ids = {text for text in which["ids"] if text.isascii() and text.isdigit()}
    named = Q(pk__in={int(text) for text in ids if len(text) < 15})
    named |= Q(channel_id__in={text for text in ids if len(text) >= 15})
    rows = without_secrets(DiscordAccount.objects.filter(named))
    known = {str(name) for row in rows.values_list("pk", "channel_id") for name in row}
    if not which["ids"] or not known.issuperset(which["ids"]):
        raise InvalidField("账号不存在", "Account does not exist")
    return rows
