"""Upload pictures to Discord (docs/protocol.md, uploads)."""

from __future__ import annotations

import logging
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException, HTTPException

from gateway.discord.rest import DiscordHttp
from mjproxy.lib.ids import new_nonce

logger = logging.getLogger(__name__)

# Answers after which trying again would not help.
_PERMANENT: Final = frozenset({400, 403, 404, 413})
# Raised without an answer, or for an answer of another form.
_MISSED: Final = (
    DiscordException,
    RequestException,
    OSError,
    LookupError,
    TypeError,
    ValueError,
)


class UploadFailed(Exception):
    """A picture was not uploaded; `permanent` if another try cannot help."""

    def __init__(
        self, reason: str, *, permanent: bool = False, status: int = 0
    ) -> None:
        super().__init__(reason)
        self.permanent, self.status = permanent, status


async def attach(
    http: DiscordHttp, channel_id: str, name: str, body: bytes, content_type: str
) -> str:
    """Upload a file; return the name with which a command attaches it.

    Raises UploadFailed.
    """
    try:
        offer = await http.offer_file(channel_id, name, len(body))
        target = http.addresses.upload(str(offer["upload_url"]))
        # The address is signed, so no token is sent.
        status, _ = await http.send_plainly(
            "PUT", target, data=body, headers={"Content-Type": content_type}
        )
        if not 200 <= status < 300:
            raise UploadFailed(f"the upload was answered {status}", status=status)
        return str(offer["upload_filename"])
    except _MISSED as exc:
        raise _failed(exc) from exc


async def link(
    http: DiscordHttp, channel_id: str, name: str, body: bytes, content_type: str
) -> str:
    """Upload a file and post it in the channel; return its link at Discord's CDN.

    Raises UploadFailed.
    """
    upload_name = await attach(http, channel_id, name, body, content_type)
    try:
        message = await http.post_file(channel_id, name, upload_name, new_nonce())
        return str(message["attachments"][0]["url"])
    except _MISSED as exc:
        raise _failed(exc) from exc


def _failed(error: Exception) -> UploadFailed:
    if isinstance(error, HTTPException):
        permanent = error.status in _PERMANENT
        return UploadFailed(
            f"Discord {error.status}", permanent=permanent, status=error.status
        )
    return UploadFailed(f"Discord cannot be reached ({type(error).__name__})")
