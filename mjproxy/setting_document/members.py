"""The members of the settings: each with the row, the column and the kind it has.

A further member is one more line here; a further row of settings is one more `Place`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import (
    AccessSettings,
    MailSettings,
    PoolSettings,
    ProtectionSettings,
    RetentionSettings,
    User,
    VerificationSettings,
)
from accounts.people.keys import GUEST_NAME
from gateway.models import GatewaySettings
from mjproxy.setting_document import kinds, mail_kinds, outside_kinds, storage_kinds
from mjproxy.setting_document.kinds import Kind
from tasks.models import (
    DrawingSettings,
    StorageSettings,
    SwapSettings,
    TranslationSettings,
)


@dataclass(frozen=True)
class Place:
    """A row that has settings. `find` returns it, or None if it is not there.

    `check` raises ValidationError for a changed row that may not be saved.
    """

    model: Any
    find: Callable[[], Any]
    check: Callable[[Any], None] = lambda row: None


@dataclass(frozen=True)
class Member:
    """A member; with a dot in its name it is a member of an object."""

    name: str
    place: Place
    column: str
    kind: Kind

    @property
    def field(self) -> Any:
        return self.place.model._meta.get_field(self.column)


def _single(model: Any) -> Place:
    return Place(model, model.get_solo)


MAIL: Final = _single(MailSettings)
ACCESS: Final = _single(AccessSettings)
POOL: Final = _single(PoolSettings)
SWAPS: Final = _single(SwapSettings)
PROTECTION: Final = _single(ProtectionSettings)
DRAWING: Final = _single(DrawingSettings)
TRANSLATION: Final = _single(TranslationSettings)
RETENTION: Final = _single(RetentionSettings)
GATEWAY: Final = _single(GatewaySettings)
VERIFICATION: Final = _single(VerificationSettings)
STORAGE: Final = Place(StorageSettings, StorageSettings.get_solo, storage_kinds.check)
# All callers without a key are this user, so its numbers are those of all of them.
GUEST: Final = Place(
    User,
    User.objects.defer("webhook_secret", "password").filter(username=GUEST_NAME).first,
)


def _protection(name: str, stage: str) -> list[Member]:
    columns = {
        "enable": ("on", kinds.SWITCH),
        "whitelist": ("white", kinds.TEXTS),
        "blacklist": ("black", kinds.TEXTS),
        "ipRules": ("address", kinds.RULES),
        "ip24Rules": ("near", kinds.RULES),
        "ip16Rules": ("wide", kinds.RULES),
    }
    return [
        Member(f"{name}.{member}", PROTECTION, f"{stage}_{column}", kind)
        for member, (column, kind) in columns.items()
    ]


def _swaps(switch: str, name: str, prefix: str) -> list[Member]:
    columns = {
        switch: ("enabled", kinds.SWITCH),
        f"{name}Version": ("version", kinds.TEXT),
        f"{name}CoreSize": ("core_size", kinds.NUMBER),
        f"{name}QueueSize": ("queue_size", kinds.NUMBER),
        f"{name}TimeoutMinutes": ("timeout_minutes", kinds.NUMBER),
    }
    return [
        Member(f"replicate.{member}", SWAPS, f"{prefix}{column}", kind)
        for member, (column, kind) in columns.items()
    ]


def _bucket(name: str, service: str, **columns: tuple[str, Kind]) -> list[Member]:
    """Return the members of a service's object, and those that all services have."""
    common = {
        "customCdn": ("public_base", storage_kinds.CDN),
        "imageStyle": ("full_style", storage_kinds.STYLE),
        "thumbnailImageStyle": ("thumbnail_style", storage_kinds.STYLE),
    }
    empty = {kinds.SWITCH.form: False, storage_kinds.MINUTES.form: 0}
    return [
        Member(
            f"{name}.{member}",
            STORAGE,
            column,
            storage_kinds.of(service, kind, empty.get(kind.form, "")),
        )
        for member, (column, kind) in (columns | common).items()
    ]


_TEXT: Final = storage_kinds.TEXT
_BUCKETS: Final = (
    Member("imageStorageType", STORAGE, "kind", storage_kinds.TYPE),
    Member("aliyunOss.enable", STORAGE, "kind", storage_kinds.ENABLED),
    *_bucket(
        "aliyunOss",
        storage_kinds.OSS,
        bucketName=("bucket", _TEXT),
        region=("region", _TEXT),
        accessKeyId=("access_key", _TEXT),
        accessKeySecret=("secret_key", kinds.SECRET),
        endpoint=("endpoint", storage_kinds.OSS_ENDPOINT),
        expirationMinutes=("link_minutes", storage_kinds.MINUTES),
    ),
    *_bucket(
        "tencentCos",
        storage_kinds.COS,
        bucket=("bucket", _TEXT),
        region=("endpoint", storage_kinds.COS_REGION),
        secretId=("access_key", _TEXT),
        secretKey=("secret_key", kinds.SECRET),
        expiredMinutes=("link_minutes", storage_kinds.SIGNED_MINUTES),
    ),
    *_bucket(
        "cloudflareR2",
        storage_kinds.R2,
        accountId=("endpoint", storage_kinds.ACCOUNT),
        bucket=("bucket", _TEXT),
        accessKey=("access_key", _TEXT),
        secretKey=("secret_key", kinds.SECRET),
        expiredMinutes=("link_minutes", storage_kinds.SIGNED_MINUTES),
    ),
    *_bucket(
        "s3Storage",
        storage_kinds.S3,
        endpoint=("endpoint", storage_kinds.S3_ENDPOINT),
        region=("region", _TEXT),
        bucket=("bucket", _TEXT),
        accessKey=("access_key", _TEXT),
        secretKey=("secret_key", kinds.SECRET),
        forcePathStyle=("bucket_names", storage_kinds.PATH_STYLE),
        expiredMinutes=("link_minutes", storage_kinds.MINUTES),
        enablePresignedUrl=("links", storage_kinds.SIGNED),
    ),
)

# Rows are checked and written in the order of their first members: people may sign up
# only where the mail server is known. Members of a row are written in their order.
MEMBERS: Final = (
    Member("smtp.host", MAIL, "host", mail_kinds.HOST),
    Member("smtp.port", MAIL, "port", kinds.NUMBER),
    Member("smtp.enableSsl", MAIL, "security", mail_kinds.SSL),
    Member("smtp.fromName", MAIL, "sender_name", kinds.TEXT),
    Member("smtp.fromEmail", MAIL, "sender", mail_kinds.SENDER),
    Member("smtp.fromPassword", MAIL, "password", mail_kinds.PASSWORD),
    Member("smtp.to", MAIL, "recipients", mail_kinds.RECIPIENTS),
    Member("enableRegister", ACCESS, "sign_up", kinds.SWITCH),
    Member(
        "registerUserDefaultDayLimit", ACCESS, "sign_up_drawings_a_day", kinds.LIMIT
    ),
    Member(
        "registerUserDefaultTotalLimit",
        ACCESS,
        "sign_up_drawings_in_total",
        kinds.LIMIT,
    ),
    Member(
        "registerUserDefaultCoreSize", ACCESS, "sign_up_running_at_once", kinds.LIMIT
    ),
    Member(
        "registerUserDefaultQueueSize", ACCESS, "sign_up_waiting_at_once", kinds.LIMIT
    ),
    Member("enableGuest", ACCESS, "allow_without_key", kinds.SWITCH),
    Member("guestDefaultDayLimit", ACCESS, "guest_drawings_a_day", kinds.LIMIT),
    Member("guestDefaultCoreSize", GUEST, "running_at_once", kinds.LIMIT),
    Member("guestDefaultQueueSize", GUEST, "waiting_at_once", kinds.LIMIT),
    Member("isDemoMode", ACCESS, "demo_mode", kinds.SWITCH),
    Member("notify", ACCESS, "announcement", kinds.TEXT),
    Member("homeTopCount", ACCESS, "home_addresses", kinds.NUMBER),
    Member("homeDisplayRealIP", ACCESS, "home_whole_addresses", kinds.SWITCH),
    Member("bannedLimiting.enable", PROTECTION, "refusals_on", kinds.SWITCH),
    Member("bannedLimiting.rules", PROTECTION, "refusals", kinds.RULES),
    *_protection("ipRateLimiting", "limits"),
    *_protection("ipBlackRateLimiting", "blocks"),
    Member("ipBlackRateLimiting.blockTime", PROTECTION, "block_minutes", kinds.NUMBER),
    Member("replicate.url", SWAPS, "url", outside_kinds.SWAP_URL),
    Member("replicate.token", SWAPS, "token", kinds.SECRET),
    Member("replicate.reason", SWAPS, "reason", kinds.TEXT),
    *_swaps("enableFaceSwap", "faceSwap", ""),
    *_swaps("enableVideoFaceSwap", "videoFaceSwap", "video_"),
    Member("replicate.maxFileSize", SWAPS, "max_bytes", kinds.NUMBER),
    Member("replicate.webhook", SWAPS, "webhook", kinds.TEXT),
    Member("replicate.webhookEventsFilter", SWAPS, "webhook_events", kinds.TEXTS),
    Member("accountChooseRule", POOL, "rule", kinds.CHOICE),
    Member("isVerticalDomain", POOL, "is_vertical_domain", kinds.SWITCH),
    Member("maxCount", RETENTION, "task_count", kinds.MOST),
    Member("notifyHook", DRAWING, "notify_hook", kinds.TEXT),
    Member("enableUserCustomUploadBase64", DRAWING, "uploads", kinds.SWITCH),
    Member("translateWay", TRANSLATION, "translator", outside_kinds.WAY),
    Member("enableMjTranslate", TRANSLATION, "for_midjourney", kinds.SWITCH),
    Member("enableNijiTranslate", TRANSLATION, "for_niji", kinds.SWITCH),
    Member("baiduTranslate.appid", TRANSLATION, "baidu_app_id", kinds.TEXT),
    Member("baiduTranslate.appSecret", TRANSLATION, "baidu_secret", kinds.SECRET),
    Member("openai.gptApiUrl", TRANSLATION, "translator_url", kinds.TEXT),
    Member("openai.gptApiKey", TRANSLATION, "gpt_key", kinds.SECRET),
    Member("openai.timeout", TRANSLATION, "translator_timeout", outside_kinds.SPAN),
    Member("openai.model", TRANSLATION, "gpt_model", kinds.TEXT),
    Member("openai.maxTokens", TRANSLATION, "gpt_max_tokens", kinds.NUMBER),
    Member("openai.temperature", TRANSLATION, "gpt_temperature", kinds.FRACTION),
    Member("captchaServer", VERIFICATION, "server_url", kinds.TEXT),
    Member("captchaNotifyHook", VERIFICATION, "notify_base", kinds.TEXT),
    Member("captchaNotifySecret", VERIFICATION, "secret", kinds.SECRET),
    Member("ngDiscord.server", GATEWAY, "server", kinds.TEXT),
    Member("ngDiscord.cdn", GATEWAY, "cdn", kinds.TEXT),
    Member("ngDiscord.wss", GATEWAY, "wss", kinds.TEXT),
    Member("ngDiscord.resumeWss", GATEWAY, "resume_wss", kinds.TEXT),
    Member("ngDiscord.uploadServer", GATEWAY, "upload_server", kinds.TEXT),
    Member("proxy.host", GATEWAY, "proxy_url", outside_kinds.PROXY_HOST),
    Member("proxy.port", GATEWAY, "proxy_url", outside_kinds.PROXY_PORT),
    Member("ngDiscord.saveToLocal", DRAWING, "keep_pictures", kinds.SWITCH),
    *_BUCKETS,
    Member("enableSaveUserUploadBase64", STORAGE, "keep_brought", kinds.SWITCH),
    Member("enableSaveIntermediateImage", STORAGE, "keep_previews", kinds.SWITCH),
    Member("enableAutoSyncInfoSetting", GATEWAY, "sync_minutes", outside_kinds.READING),
)
