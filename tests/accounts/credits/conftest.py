"""Stripe, and a package that is on sale."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import CreditPackage
from tests.stripe_server import Stripe, stripe_server


@pytest.fixture
def stripe_on(db: None, settings: Any) -> Iterator[Stripe]:
    with stripe_server(settings) as found:
        yield found


@pytest.fixture
def package(db: None) -> CreditPackage:
    return CreditPackage.objects.create(
        name="Small", credits=100, price=Decimal("9.90"), currency="CNY"
    )
