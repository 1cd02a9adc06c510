from __future__ import annotations

import pytest
from django.test import RequestFactory

from accounts.callers import client_ip, keys_in, link_base


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "", "9.9.9.9"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (3, "1.1.1.1", "1.1.1.1"),
        (1, "1.1.1.1:5000", "1.1.1.1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:1.1.1.1", "1.1.1.1"),
        (1, "nonsense", "9.9.9.9"),
    ],
)
def test_the_header_counts_only_as_far_as_proxies_are_trusted(
    rf: RequestFactory, settings: object, proxies: int, forwarded: str, found: str
) -> None:
    settings.TRUSTED_PROXIES = proxies  # type: ignore[attr-defined]

    request = rf.get("/", REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_ip(request) == found


def test_a_caller_on_a_unix_socket_has_no_address(rf: RequestFactory) -> None:
    assert client_ip(rf.get("/", REMOTE_ADDR="")) is None


def test_an_absurd_host_is_not_kept(rf: RequestFactory, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]

    assert link_base(rf.get("/", HTTP_HOST="a." * 200)) == ""
    assert link_base(rf.get("/", HTTP_HOST="a:80")) == "http://a:80"


def test_keys_are_named_once(rf: RequestFactory) -> None:
    request = rf.get("/", HTTP_AUTHORIZATION="Bearer  k ", HTTP_MJ_API_SECRET="k")

    assert keys_in(request) == ["k"]
