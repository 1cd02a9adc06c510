from __future__ import annotations

import pytest
from django.test import RequestFactory

from accounts.people.callers import client_ip, keys_in, link_base


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:1.1.1.1", "1.1.1.1"),
        ("nonsense", None),
    ],
)
def test_an_address_is_written_in_one_way(
    rf: RequestFactory, peer: str, found: str | None
) -> None:
    assert client_ip(rf.get("/", REMOTE_ADDR=peer)) == found


def test_a_header_is_the_business_of_who_reads_what_proxies_say(
    rf: RequestFactory, settings: object
) -> None:
    settings.TRUSTED_PROXIES = 1  # type: ignore[attr-defined]

    request = rf.get("/", REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR="1.1.1.1")

    assert client_ip(request) == "9.9.9.9"


def test_a_caller_on_a_unix_socket_has_no_address(rf: RequestFactory) -> None:
    assert client_ip(rf.get("/", REMOTE_ADDR="")) is None


def test_an_absurd_host_is_not_kept(rf: RequestFactory, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]

    assert link_base(rf.get("/", HTTP_HOST="a." * 200)) == ""
    assert link_base(rf.get("/", HTTP_HOST="a:80")) == "http://a:80"


def test_keys_are_named_once(rf: RequestFactory) -> None:
    request = rf.get("/", HTTP_AUTHORIZATION="Bearer  k ", HTTP_MJ_API_SECRET="k")

    assert keys_in(request) == ["k"]
