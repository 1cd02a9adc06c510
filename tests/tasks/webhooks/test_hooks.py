from __future__ import annotations

import pytest

from tasks.webhooks.hooks import NO_HOST, host_of


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://hook.example/x", "hook.example:80"),
        ("https://HOOK.example", "hook.example:443"),
        ("http://[::1]:9000/", "::1:9000"),
        ("http://127.1:9000/", "127.0.0.1:9000"),
        ("gopher://x", NO_HOST),
        ("", ""),
        ("http://" + "a." * 126 + "a:65535/", "a." * 126 + "a:65535"),
    ],
)
def test_the_host_of_a_hook(url: str, host: str) -> None:
    assert host_of(url) == host
    assert len(host) <= 260
