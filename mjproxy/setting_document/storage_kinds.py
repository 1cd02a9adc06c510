"""Kinds of the members of the storage: one bucket, whichever service it is at.

The dialect has an object for each service; our settings have one bucket. Its endpoint
tells the service. The objects of other services are shown empty and are not written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from rest_framework import serializers

from mjproxy.lib.dialect.fields import Text, Whole, Word
from mjproxy.setting_document import kinds
from mjproxy.setting_document.kinds import Kind
from tasks.enums import BucketLinks, BucketNames, StorageKind
from tasks.models.storage import WEEK
from tasks.pictures.kept import changes

OSS, COS, R2, S3 = "OSS", "COS", "R2", "S3"
_LOCAL: Final = "LOCAL"
_TYPES: Final = ("NONE", _LOCAL, OSS, COS, R2, S3)  # in the dialect's order
_HOSTS: Final = {
    OSS: ".aliyuncs.com",
    COS: ".myqcloud.com",
    R2: ".cloudflarestorage.com",
}
_NAMES: Final = {OSS: BucketNames.HOST, COS: BucketNames.HOST}


def check(row: Any) -> None:
    """Raise ValidationError if the storage cannot be used so, or may not change so."""
    service = _service(row)
    host = urlsplit(row.endpoint).hostname or ""
    if service in _HOSTS and not host.endswith(_HOSTS[service]):
        raise ValidationError({"endpoint": f"It is not an endpoint of {service}."})
    changes.check(row)


def _service(row: Any) -> str:
    """Return the service that was chosen just now, else the one of the endpoint."""
    if chosen := vars(row).get("chosen_service"):
        return str(chosen)
    host = urlsplit(row.endpoint).hostname or ""
    return next((name for name, end in _HOSTS.items() if host.endswith(end)), S3)


def _type(row: Any) -> str:
    return _LOCAL if row.kind == StorageKind.LOCAL else _service(row)


def _choose(row: Any, wanted: str) -> None:
    if wanted == _LOCAL:
        row.kind = StorageKind.LOCAL
        return
    row.kind = StorageKind.BUCKET
    if wanted != _service(row):
        row.chosen_service, row.endpoint = wanted, ""
        row.bucket_names = _NAMES.get(wanted, BucketNames.AUTO)
        row.region = "auto" if wanted == R2 else row.region


def _write_type(row: Any, column: str, value: str) -> None:
    if value != _type(row):
        _choose(row, value)
        row.is_type_changed = True


def _no_none(value: str) -> None:
    if value == _TYPES[0]:
        raise ValidationError("ngDiscord.saveToLocal: false keeps no pictures.")


def _write_enabled(row: Any, column: str, value: bool) -> None:  # noqa: FBT001
    """Switch the bucket at OSS on or off, unless `imageStorageType` has decided."""
    is_on = _type(row) == OSS
    if value != is_on and not vars(row).get("is_type_changed"):
        _choose(row, OSS if value else _LOCAL)


TYPE: Final = Kind(
    lambda _: Word(*_TYPES, validators=[_no_none]),
    lambda row, _: _type(row),
    _write_type,
)
ENABLED: Final = Kind(
    kinds.SWITCH.form, lambda row, _: _type(row) == OSS, _write_enabled
)


# --- members of the object of one service ---------------------------------------------


def of(service: str, kind: Kind, empty: Any = "") -> Kind:
    """Return a kind that is shown and written only while the bucket is at a service."""

    def show(row: Any, column: str) -> Any:
        return kind.show(row, column) if _service(row) == service else empty

    return replace(kind, show=show, counts=lambda row: _service(row) == service)


def _endpoint(begin: Callable[[str], str]) -> Kind:
    def write(row: Any, column: str, value: str) -> None:
        value = value.strip().rstrip("/")
        if value and value != row.endpoint:
            row.endpoint = begin(value)

    return Kind(kinds.text, write=write)


def _web(value: str) -> str:
    return value if "://" in value else f"https://{value}"


def _of_oss(value: str) -> str:
    """Return the endpoint for clients of S3: services of OSS have another for them."""
    value = _web(value)
    return value.replace("://oss-", "://s3.oss-", 1)


def _region_form(field: Any) -> Any:
    return TEXT.form(field.model._meta.get_field("region"))


def _write_cos_region(row: Any, column: str, value: str) -> None:
    row.region = value.strip()
    row.endpoint = f"https://cos.{row.region}.myqcloud.com" if row.region else ""


def _account(row: Any, column: str) -> str:
    return (urlsplit(row.endpoint).hostname or "").partition(".")[0]


def _write_account(row: Any, column: str, value: str) -> None:
    if value.strip() != _account(row, column):
        row.endpoint = f"https://{value.strip()}.r2.cloudflarestorage.com"


def _write_path_style(row: Any, column: str, value: bool) -> None:  # noqa: FBT001
    if value != (row.bucket_names == BucketNames.PATH):
        row.bucket_names = BucketNames.PATH if value else BucketNames.AUTO


def _write_cdn(row: Any, column: str, value: str) -> None:
    """Set the address of the CDN: with one, people get pictures by public links."""
    value = value.strip().rstrip("/")
    if value == row.public_base:
        return
    row.public_base = value
    row.links = BucketLinks.PUBLIC if value else BucketLinks.THROUGH
    if not value:
        row.full_style = row.thumbnail_style = ""


def _write_style(row: Any, column: str, value: str) -> None:
    """Set a style; without its first character it is a query."""
    value = value.strip()
    begins = value.startswith(("?", "!", "@", "/", "-"))
    setattr(row, column, value if begins or not value else f"?{value}")


def _minutes(_: Any) -> Any:
    return Whole(min_value=0, max_value=WEEK, help_text="0: links are not signed.")


def _show_signed(row: Any, column: str) -> int:
    return row.link_minutes if row.links == BucketLinks.SIGNED else 0


def _write_signed(row: Any, column: str, value: int) -> None:
    """Let links be signed for so long; public links stay public."""
    if value:
        row.link_minutes = value
    _sign(row, "links", bool(value))


def _sign(row: Any, column: str, value: bool) -> None:  # noqa: FBT001
    if value and row.links == BucketLinks.THROUGH:
        row.links = BucketLinks.SIGNED
    elif not value and row.links == BucketLinks.SIGNED:
        row.links = BucketLinks.THROUGH


def _write_minutes(row: Any, column: str, value: int) -> None:
    row.link_minutes = value or row.link_minutes


TEXT: Final = Kind(
    lambda field: Text(default=serializers.empty, max_length=field.max_length),
    write=lambda row, column, value: setattr(row, column, value.strip()),
)
OSS_ENDPOINT: Final = _endpoint(_of_oss)
S3_ENDPOINT: Final = _endpoint(_web)
COS_REGION: Final = Kind(_region_form, lambda row, _: row.region, _write_cos_region)
ACCOUNT: Final = Kind(kinds.text, _account, _write_account)
PATH_STYLE: Final = Kind(
    kinds.SWITCH.form,
    lambda row, _: row.bucket_names == BucketNames.PATH,
    _write_path_style,
)
CDN: Final = Kind(kinds.text, write=_write_cdn)
STYLE: Final = Kind(kinds.text, write=_write_style)
SIGNED: Final = Kind(
    kinds.SWITCH.form, lambda row, _: row.links == BucketLinks.SIGNED, _sign
)
SIGNED_MINUTES: Final = Kind(_minutes, _show_signed, _write_signed)
MINUTES: Final = Kind(_minutes, write=_write_minutes)
