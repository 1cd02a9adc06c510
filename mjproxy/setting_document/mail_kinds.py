"""Kinds of the members of the mail server."""

from __future__ import annotations

from typing import Any, Final

from accounts.enums import MailSecurity
from mjproxy.lib.validators.text_lists import parted
from mjproxy.setting_document import kinds
from mjproxy.setting_document.kinds import Kind

_TLS_PORT: Final = 465
_STARTTLS_PORTS: Final = (25, 587)


def _write_ssl(row: Any, column: str, value: bool) -> None:  # noqa: FBT001
    """Choose the encryption by the port: the dialect only says whether there is one."""
    if not value:
        row.security = MailSecurity.NONE
    elif row.port == _TLS_PORT:
        row.security = MailSecurity.TLS
    elif row.port in _STARTTLS_PORTS or row.security == MailSecurity.NONE:
        row.security = MailSecurity.STARTTLS


def _write_host(row: Any, column: str, value: str) -> None:
    if value.strip() != row.host:
        row.host = value.strip()
        row.is_on = bool(row.host and row.sender)


def _write_sender(row: Any, column: str, value: str) -> None:
    """Set the sender, who also signs in at the server unless another user does."""
    if value.strip() == row.sender:
        return
    if row.user == row.sender:
        row.user = value.strip()
    row.sender = value.strip()
    row.is_on = bool(row.host and row.sender)


def _write_password(row: Any, column: str, value: str) -> None:
    kinds.write_secret(row, column, value)
    if value.strip(" *") and not row.user:
        row.user = row.sender


def _write_recipients(row: Any, column: str, value: str) -> None:
    row.recipients = "\n".join(parted(value, r"\s"))


SSL: Final = Kind(
    kinds.SWITCH.form, lambda row, _: row.security != MailSecurity.NONE, _write_ssl
)
HOST: Final = Kind(kinds.text, write=_write_host)
SENDER: Final = Kind(kinds.text, write=_write_sender)
PASSWORD: Final = Kind(kinds.SECRET.form, kinds.show_secret, _write_password)
RECIPIENTS: Final = Kind(
    kinds.text,
    lambda row, _: ",".join(parted(row.recipients, r"\s")),
    _write_recipients,
)
