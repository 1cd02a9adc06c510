"""Stripe on loopback: opens Checkout sessions, and signs events as Stripe does."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
import stripe
from aiohttp import web
from django.test import Client

from accounts.models import PaymentSettings
from tests.http_server import Server, serving

KEY = "sk_test_a_very_secret_key"
SIGNING = "whsec_a_very_secret_signature"
REPORTS = "/payments/stripe"


@dataclass
class Stripe:
    """What was asked of Stripe; `status` is its answer's."""

    server: Server
    status: int = 200
    orders: list[dict[str, str]] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.status != 200:
            error = {"error": {"type": "api_error", "message": f"no, {KEY}"}}
            return web.json_response(error, status=self.status)
        order = dict(parse_qsl((await request.read()).decode()))
        self.orders.append(order)
        number = f"cs_test_{next(self._ids)}"
        return web.json_response(
            {
                "id": number,
                "object": "checkout.session",
                "url": f"https://checkout.stripe.test/c/{number}?a=1&b=2",
            }
        )

    # --- events -----------------------------------------------------------------------

    def session(self, kind: str, number: int = -1, **fields: Any) -> dict[str, Any]:
        """Return an event about a session that was opened."""
        order = self.orders[number]
        about = {
            "object": "checkout.session",
            "client_reference_id": order["client_reference_id"],
            "payment_status": "paid",
            "amount_total": int(order["line_items[0][price_data][unit_amount]"]),
            "currency": order["line_items[0][price_data][currency]"],
            "payment_intent": intent_of(order),
        }
        return event(f"checkout.session.{kind}", about | fields)

    def refund(self, amount: int, number: int = -1) -> dict[str, Any]:
        reference = self.orders[number]["payment_intent_data[metadata][payment]"]
        about = {
            "object": "charge",
            "metadata": {"payment": reference},
            "amount_refunded": amount,
        }
        return event("charge.refunded", about)

    def dispute(self, number: int = -1, **fields: Any) -> dict[str, Any]:
        about = {
            "object": "dispute",
            "payment_intent": intent_of(self.orders[number]),
            "amount": 990,
            "reason": "fraudulent",
            "metadata": {},
        }
        return event("charge.dispute.created", about | fields)


def intent_of(order: dict[str, str]) -> str:
    """Return Stripe's name of the money of an order."""
    return f"pi_{order['client_reference_id']}"


def event(kind: str, about: Any) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}


def tell(
    happened: Any, *, secret: str = SIGNING, age: int = 0, header: str | None = None
) -> Any:
    """Report an event as Stripe does; return the answer."""
    body = happened if isinstance(happened, bytes) else orjson.dumps(happened)
    if header is None:
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(errors="replace"), secret, int(time.time()) - age
        )
    client = Client(enforce_csrf_checks=True)
    headers = {"stripe-signature": header}
    return client.post(REPORTS, body, content_type="application/json", headers=headers)


@contextmanager
def stripe_server(settings: Any) -> Iterator[Stripe]:
    """Serve as Stripe, and turn it on."""
    row = PaymentSettings.get_solo()
    row.stripe_is_on = True
    row.stripe_secret_key, row.stripe_webhook_secret = KEY, SIGNING
    row.save()
    with serving() as server:
        found = Stripe(server)
        server.handler = found.answer
        settings.STRIPE_API = server.origin
        yield found
