"""Build headers of the desktop Chrome whose TLS fingerprint curl has."""

from __future__ import annotations

import random
import re
import uuid
from base64 import b64encode
from typing import Final

import orjson
from curl_cffi import requests
from discord.utils import Headers

# Version of the fingerprint; user agent and client hints must name the same.
CHROME_VERSION: Final = int(
    (re.findall(r"\d+", requests.impersonate.DEFAULT_CHROME) or ["136"])[0]
)


def client_headers(user_agent: str, build_number: int) -> Headers:
    """Return the headers of a desktop Chrome, consistent with the TLS fingerprint."""
    found = re.search(r"Chrome/(\d+)", user_agent)
    version = int(found[1]) if found else CHROME_VERSION
    agent = user_agent or (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        f"(KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    )
    properties = {
        "os": "Windows",
        "browser": "Chrome",
        "device": "",
        "system_locale": "en-US",
        "has_client_mods": False,
        "browser_user_agent": agent,
        "browser_version": f"{version}.0.0.0",
        "os_version": "10",
        "referrer": "",
        "referring_domain": "",
        "referrer_current": "",
        "referring_domain_current": "",
        "release_channel": "stable",
        "client_build_number": build_number,
        "client_event_source": None,
        "client_launch_id": str(uuid.uuid4()),
        "client_heartbeat_session_id": str(uuid.uuid4()),
    }
    headers = Headers(
        platform="Windows",
        major_version=version,
        super_properties=properties,
        encoded_super_properties=b64encode(orjson.dumps(properties)).decode(),
    )
    # Computing the hints seeds Python's global random with the browser's version.
    _ = headers.client_hints
    random.seed()
    return headers
