from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_an_unknown_way_has_no_address(client: Client) -> None:
    assert client.post("/payments/cash").status_code == 404


def test_reports_are_posted(client: Client) -> None:
    assert client.get("/payments/stripe").status_code == 405


def test_without_settings_every_report_is_refused(client: Client) -> None:
    assert client.post("/payments/stripe").status_code == 400
