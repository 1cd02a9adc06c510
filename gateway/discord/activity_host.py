"""Post masks to the activity host of Vary (Region)'s editor page.

The host belongs to Midjourney, not to Discord: no token of the account is sent there.
"""

from __future__ import annotations

import orjson
from curl_cffi.requests.exceptions import RequestException

from gateway.discord.rest import DiscordHttp
from gateway.discord.transport.failures import failed
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.protocol.shapes import MaskedPage


async def submit_mask(http: DiscordHttp, body: MaskedPage) -> Answer:
    """Post an answered editor page once, and return the outcome. Never raises.

    STALE means that the page must be opened again (docs/protocol.md, windows).
    """
    base = http.addresses.activity or f"https://{MIDJOURNEY_APP}.discordsays.com"
    headers = {
        "Content-Type": "application/json",
        "Origin": base,
        "Referer": f"{base}/inpaint/index.html",
    }
    try:
        status, answer = await http.send_plainly(
            "POST",
            f"{base}/inpaint/api/submit-job",
            data=orjson.dumps(body),
            headers=headers,
            session=http.posts,
        )
    except RequestException as exc:
        return failed(exc)
    except OSError as exc:
        return Answer(Verdict.UNKNOWN, type(exc).__name__)
    if 200 <= status < 300:
        return Answer(Verdict.ACCEPTED, status=status)
    reason = f"the editor answered {status}: {_message(answer)}"
    if status == 429:
        return Answer(Verdict.LATER, reason, 5.0, status)
    verdict = Verdict.STALE if status >= 500 else Verdict.REFUSED
    return Answer(verdict, reason, status=status)


def _message(answer: bytes) -> str:
    try:
        data = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return ""
    return str(data.get("message") or "")[:200] if isinstance(data, dict) else ""
