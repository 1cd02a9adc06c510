from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings

from mjproxy.checks import check_deployment

QUIET: dict[str, Any] = {
    "HOST": "127.0.0.1",
    "ALLOWED_HOSTS": ["draw.example.com"],
    "PUBLIC_URL": "",
    "TRUSTED_PROXIES": 0,
    "DEBUG": False,
    "DEMO": False,
    "ALLOW_PRIVATE_HOOKS": False,
    "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
    "DISCORD": {"server": "https://discord.com", "wss": "", "cdn": ""},
}
OPEN = {"HOST": "0.0.0.0"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"ENCRYPTION_KEYS": ["no-key"]}, ["mjproxy.E001"]),
        ({"DEMO": True}, ["mjproxy.E002"]),
        ({"DEMO": True, "DISCORD": {"server": "http://127.0.0.1:9"}}, []),
        ({"PUBLIC_URL": "https://draw.example.com"}, ["mjproxy.W001"]),
        ({"PUBLIC_URL": "https://draw.example.com", "TRUSTED_PROXIES": 1}, []),
        ({**OPEN, "ALLOWED_HOSTS": ["*"]}, ["mjproxy.W002"]),
        ({**OPEN, "DEBUG": True}, ["mjproxy.W003"]),
        ({**OPEN, "ALLOW_PRIVATE_HOOKS": True}, ["mjproxy.W004"]),
        ({"DEBUG": True, "ALLOW_PRIVATE_HOOKS": True}, []),
    ],
)
def test_what_cannot_work_together_is_told(
    settings: LazySettings, changes: dict[str, Any], found: list[str]
) -> None:
    for name, value in (QUIET | changes).items():
        setattr(settings, name, value)

    assert [message.id for message in check_deployment()] == found
