"""Kinds of members about services outside: translator, Discord, proxy, swaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from rest_framework import serializers

from mjproxy.lib.db.encrypted_field import readable
from mjproxy.lib.dialect.fields import Text, Whole, Word
from mjproxy.lib.validators.number_limits import limits_of
from mjproxy.setting_document import kinds
from mjproxy.setting_document.kinds import Kind
from tasks.enums import TranslateWay

# --- the translator -------------------------------------------------------------------

_NOBODY: Final = "NULL"  # the dialect's word; its other words are ours
_WAYS: Final = (_NOBODY, TranslateWay.BAIDU, TranslateWay.GPT, TranslateWay.DEEPL)


def _show_way(row: Any, column: str) -> str:
    way = str(getattr(row, column))
    return _NOBODY if way == TranslateWay.NONE else way


def _write_way(row: Any, column: str, value: str) -> None:
    setattr(row, column, TranslateWay.NONE if value == _NOBODY else value)


class Span(Text):
    """A span of time as hh:mm:ss; read as a number of seconds."""

    default_error_messages = {"span": "A time such as 00:00:30, from {low} to {high}."}
    _FORM: Final = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9])")

    def __init__(self, *, low: int, high: int) -> None:
        super().__init__(default=serializers.empty)
        self.low, self.high = low, high

    def to_internal_value(self, data: Any) -> Any:
        found = self._FORM.fullmatch(super().to_internal_value(data).strip())
        if found:
            hours, minutes, seconds = map(int, found.groups())
            total = hours * 3600 + minutes * 60 + seconds
            if self.low <= total <= self.high:
                return total
        return self.fail("span", low=_span(self.low), high=_span(self.high))


def _span(seconds: int) -> str:
    return f"{timedelta(seconds=seconds)}".rjust(8, "0")


def _span_form(field: Any) -> Span:
    limits = limits_of(field)
    return Span(low=int(limits["min_value"]), high=int(limits["max_value"]))


WAY: Final = Kind(lambda _: Word(*map(str, _WAYS)), _show_way, _write_way)
SPAN: Final = Kind(_span_form, lambda row, column: _span(getattr(row, column)))

# --- reading accounts -----------------------------------------------------------------


def _write_reading(row: Any, column: str, value: bool) -> None:  # noqa: FBT001
    """Switch the regular reading of accounts; a period that is set stays."""
    if value != bool(getattr(row, column)):
        usual = row._meta.get_field(column).default
        setattr(row, column, usual if value else 0)


READING: Final = Kind(
    kinds.SWITCH.form, lambda row, column: bool(getattr(row, column)), _write_reading
)

# --- the common proxy: its address is one secret, which may have a password -----------

_PORT: Final = 80  # of the dialect, where none is given
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z0-9]+)://(?P<user>[^/]*@)?(?P<host>\[[^\]]*\]|[^:/@\[\]]*)"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)
_HOST: Final = re.compile(r"(([a-z0-9]+://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])/?)?")


@dataclass(frozen=True)
class _Proxy:
    """The parts of the address; all are empty where there is no proxy."""

    scheme: str = ""
    user: str = ""  # with the @
    host: str = ""
    port: int = _PORT

    @property
    def shown(self) -> str:
        """The host, with the scheme if it is not the dialect's."""
        is_usual = self.scheme in ("", "http")
        return self.host if is_usual else f"{self.scheme}://{self.host}"


def _known_host(value: str) -> None:
    if not _HOST.fullmatch(value):
        raise ValidationError("The name of a host, or an address.")


def _proxy(row: Any, column: str) -> _Proxy:
    if not (found := _ADDRESS.fullmatch(readable(row, column))):
        return _Proxy()
    port = int(found["port"] or _PORT)
    return _Proxy(found["scheme"], found["user"] or "", found["host"], port)


def _write_proxy_host(row: Any, column: str, value: str) -> None:
    """Set the host. A new one gets no name and password: they are of the old one."""
    proxy, value = _proxy(row, column), value.rstrip("/")
    if value != proxy.shown:
        base = value if "://" in value else f"http://{value}"
        setattr(row, column, f"{base}:{proxy.port}" if value else "")


def _write_proxy_port(row: Any, column: str, value: int) -> None:
    proxy = _proxy(row, column)
    if proxy.host and value != proxy.port:
        setattr(row, column, f"{proxy.scheme}://{proxy.user}{proxy.host}:{value}")


PROXY_HOST: Final = Kind(
    lambda _: Text(
        default=serializers.empty,
        max_length=300,
        validators=[_known_host],
        help_text="Without a scheme it is HTTP. Empty: no proxy.",
    ),
    lambda row, column: _proxy(row, column).shown,
    _write_proxy_host,
)
PROXY_PORT: Final = Kind(
    lambda _: Whole(min_value=1, max_value=65535),
    lambda row, column: _proxy(row, column).port,
    _write_proxy_port,
)


# --- face swap ------------------------------------------------------------------------


def _show_base(row: Any, column: str) -> str:
    return str(row.base)


def _write_base(row: Any, column: str, value: str) -> None:
    """Set the address; the one that the server was started with is kept as none."""
    url = value.strip().rstrip("/")
    row.url = "" if url == settings.REPLICATE_URL.rstrip("/") else url


SWAP_URL: Final = Kind(kinds.TEXT.form, _show_base, _write_base)
