"""Each member of the dialect's settings works, or the document says why it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from rest_framework import serializers

from accounts.people.users import ensure_operator
from mjproxy.lib.dialect.fields import Items, Number, Whole
from mjproxy.setting_document.document import shown
from mjproxy.setting_document.kinds import Rules
from mjproxy.setting_document.members import MEMBERS, Member
from tests.conftest import ApiClient
from tests.mjproxy.setting_document.test_outside import body_of
from tests.mjproxy.setting_document.test_views import PATH, refused

DOCUMENT: Final = Path(__file__).parents[3] / "docs/api.md"
# Members of the ancestors' document; those of objects have the object's name before.
_NAMES: Final = """
id properties mongoDefaultConnectionString mongoDefaultDatabase isMongo
isMongoAutoMigrate maxCount accountChooseRule discord accounts notifyHook notifyPoolSize
enableSwagger isVerticalDomain notify enableRegister registerUserDefaultDayLimit
enableGuest guestDefaultDayLimit bannedLimiting.enable bannedLimiting.rules
ipRateLimiting.enable ipRateLimiting.whitelist ipRateLimiting.blacklist
ipRateLimiting.ipRules ipRateLimiting.ip24Rules ipRateLimiting.ip16Rules
ipBlackRateLimiting.blockTime proxy.host proxy.port ngDiscord.server ngDiscord.cdn
ngDiscord.wss ngDiscord.resumeWss ngDiscord.uploadServer ngDiscord.saveToLocal
ngDiscord.customCdn translateWay baiduTranslate.appid baiduTranslate.appSecret
openai.gptApiUrl openai.gptApiKey openai.timeout openai.model openai.maxTokens
openai.temperature openai.headers smtp.host smtp.port smtp.enableSsl smtp.fromName
smtp.fromEmail smtp.fromPassword smtp.to captchaServer captchaNotifyHook
captchaNotifySecret databaseType enableRedis redisConnectionString consulOptions
registerUserDefaultTotalLimit registerUserDefaultCoreSize registerUserDefaultQueueSize
guestDefaultCoreSize guestDefaultQueueSize enableUserCustomUploadBase64
enableUserDrawStatistics enableAutoCollectOfficialBannedWords
enableAutoClearUserBannedWords enableMjTranslate enableNijiTranslate
enableConvertNijiToMj enableConvertNijiToNijiBot enableDiscordAppendSeed
enableAutoGetPrivateId enableAutoVerifyAccount enableAutoSyncInfoSetting
fastDrawDuration enableAutoLogin enableAccountSponsor enableOfficial twoCaptchaKey
enableVideo enableVideoMerge videoMergeQuality isDemoMode homeDisplayRealIP
homeDisplayUserIPState homeTopCount enableUpdateCheck upgradePackageSource licenseKey
logEventLevel alertNotify alertNotify.enable alertNotify.notifyHook
alertNotify.fastRemaining alertNotify.relaxedRemaining alertNotify.warningCount
alertNotify.errorCount alertNotify.availableAccountCount
"""
DIALECT: Final = _NAMES.split()
WORKS: Final = {member.name for member in MEMBERS}


def tables() -> tuple[str, str]:
    """Return the table of members that work, and that of the others."""
    text = DOCUMENT.read_text().partition("### Settings")[2].partition("### People")[0]
    works, _, others = text.partition("have no meaning here")
    return works, others


def names_in(table: str) -> set[str]:
    """Return the names in the first column."""
    cells = (line.split("|")[1] for line in table.splitlines() if line[:1] == "|")
    return set(re.findall(r"`([\w.]+?)(?:\.\.\.)?`", " ".join(cells)))


@pytest.mark.parametrize("name", DIALECT)
def test_a_member_works_or_the_document_says_why_it_does_not(name: str) -> None:
    works, others = map(names_in, tables())
    outer = name.partition(".")[0]

    if name in WORKS:
        assert outer in works
        assert name not in others
    else:
        assert name in others


def wrong(member: Member) -> Iterator[Any]:
    """Yield values of wrong types and beyond the limits of a member."""
    field = member.kind.form(member.field)
    yield from ([[]], {"a": {"b": []}})
    match field:
        case Rules():
            yield from (7, "x", [])
        case Items():
            yield from (7, "x", [{"a": 1}], [[]])
        case serializers.BooleanField():
            yield from (7, "maybe", -1, [])
        case Whole() | Number():
            yield from ("x", [], 10**30, "9" * 400, True)
            if field.max_value is not None:
                yield field.max_value + 1
            if field.min_value is not None:
                yield field.min_value - 1
        case serializers.ChoiceField():
            yield from ("nobody", 7.5, [])
        case serializers.CharField():
            yield from ([], {})
            if field.max_length is not None:
                yield "x" * (field.max_length + 1)


@pytest.mark.django_db
@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_wrong_value_is_refused_and_nothing_is_written(
    operator_api: ApiClient, member: Member
) -> None:
    ensure_operator()
    before = shown()

    for value in wrong(member):
        body = body_of(member.name, value) | {"notify": "written"}
        if member.name == "notify":
            body = {"notify": value, "homeTopCount": 77}
        answer = operator_api.send(PATH, body)

        assert answer.status_code == 200, value
        assert answer.json()["code"] != 1, (member.name, str(value)[:40])
        assert shown() == before, (member.name, str(value)[:40])


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{"openai": 7}, {"smtp": []}, {"proxy": "x"}])
def test_an_object_that_is_none_is_refused(
    operator_api: ApiClient, body: dict[str, Any]
) -> None:
    before = shown()

    assert refused(operator_api, body)
    assert shown() == before
