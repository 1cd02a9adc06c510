"""Addresses of Discord, from the environment or, if set, from the settings row."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from gateway.models import GatewaySettings
from mjproxy.lib.db.encrypted_field import readable, unreadable
from mjproxy.lib.validators.addresses import LONGEST, escaped, parts_of


@dataclass(frozen=True)
class Addresses:
    """Base addresses without a slash at the end.

    All traffic to Discord goes to one of them.
    """

    server: str
    wss: str
    resume_wss: str
    cdn: str
    upload_server: str
    activity: str
    editor: str
    proxy_url: str
    build_number: int
    # The common proxy is set, and no encryption key can read it.
    is_proxy_unreadable: bool = False

    @property
    def api(self) -> str:
        return f"{self.server}/api/v9"

    def resume(self, url: str) -> str:
        """Return the address at which to resume a session; READY names `url`.

        `resume_wss` replaces it if set. If only the gateway's address was changed,
        sessions resume there.
        """
        if self.resume_wss:
            return self.resume_wss
        if self.wss != "wss://gateway.discord.gg":
            return self.wss
        return url or self.wss

    def upload(self, url: str) -> str:
        """Return `upload_url` with its host replaced by the configured one.

        Raises WrongAddress.
        """
        if self.upload_server:
            return replace_base(url, self.upload_server)
        return escaped(url)


def replace_base(url: str, base: str) -> str:
    """Return `url` with the scheme and host of `base`, below its path if it has one.

    Raises WrongAddress.
    """
    return base.rstrip("/") + parts_of(url, longest=LONGEST).target


def load_addresses() -> Addresses:
    row = GatewaySettings.get_solo()
    bases = {
        name: (getattr(row, name) or settings.DISCORD[name]).rstrip("/")
        for name in GatewaySettings.ADDRESSES
    }
    return Addresses(
        proxy_url=readable(row, "proxy_url"),
        build_number=row.client_build_number,
        is_proxy_unreadable="proxy_url" in unreadable(row),
        **bases,
    )
