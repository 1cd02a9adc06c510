"""Stripe Checkout: a page of Stripe's, and events that Stripe signs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import orjson
from django.conf import settings

from accounts.credits.ways.base import (
    Ask,
    Opened,
    Order,
    PaymentDown,
    Report,
    WrongReport,
)
from accounts.models import PaymentSettings
from mjproxy.lib.db.encrypted_field import readable

logger = logging.getLogger(__name__)

TIMEOUT: Final = 10.0  # seconds of a call
_PAID: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
)
_ENDED: Final = ("checkout.session.expired", "checkout.session.async_payment_failed")
_LONGEST: Final = 255  # characters of an id

# Errors of a body that is not the event that it claims to be.
_OTHER_FORM: Final = (ValueError, TypeError, LookupError, AttributeError)


class StripeCheckout:
    """Payments by Stripe Checkout."""

    name = "stripe"
    label = "Stripe"
    receipt = ""

    def is_on(self) -> bool:
        row = PaymentSettings.get_solo()
        if not row.stripe_is_on:
            return False
        return bool(_key(row) and readable(row, "stripe_webhook_secret"))

    def opening(self, order: Order) -> Ask:
        key = _key(PaymentSettings.get_solo())
        return lambda: _open(key, order)

    def read(self, body: bytes, headers: Mapping[str, str]) -> Report | None:
        import stripe  # large, and only a few processes need it

        secret = readable(PaymentSettings.get_solo(), "stripe_webhook_secret")
        signature = headers.get("Stripe-Signature")
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(
                text, signature, secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            return _report(orjson.loads(text))
        except (stripe.StripeError, *_OTHER_FORM) as exc:
            raise WrongReport(type(exc).__name__) from exc


def _key(row: PaymentSettings) -> str:
    return readable(row, "stripe_secret_key")


async def _open(key: str, order: Order) -> Opened:
    import stripe

    http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=TIMEOUT))
    client = stripe.StripeClient(
        key,
        base_addresses={"api": settings.STRIPE_API},
        http_client=http,
        max_network_retries=1,
    )
    try:
        session = await client.v1.checkout.sessions.create_async(
            _params(order), {"idempotency_key": order.reference}
        )
    except stripe.StripeError as exc:
        # Its text may name a part of the key.
        kind, status = type(exc).__name__, exc.http_status
        logger.error("Stripe has opened no payment: %s, HTTP %s", kind, status)
        raise PaymentDown from exc
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]
    if not session.url:
        raise PaymentDown
    return Opened(order.reference, session.id, session.url)


def _params(order: Order) -> Any:
    ours = {"payment": order.reference}
    price = {
        "currency": order.currency.lower(),
        "unit_amount": order.amount,
        "product_data": {"name": order.title},
    }
    return {
        "mode": "payment",
        "client_reference_id": order.reference,
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": order.back,
        "cancel_url": order.back,
        "metadata": ours,
        # Its charge carries them too, and refunds are told of a charge.
        "payment_intent_data": {"metadata": ours},
    }


def _report(event: Mapping[str, Any]) -> Report | None:
    """Return what an event says. Raises one of `_OTHER_FORM` for another form."""
    kind, about = event["type"], event["data"]["object"]
    if kind in _PAID and about["payment_status"] == "paid":
        return Report(
            _reference(about["client_reference_id"]),
            charge_id=_text(about.get("payment_intent")),
            paid=int(about["amount_total"]),
            currency=str(about["currency"]).upper(),
        )
    if kind in _ENDED:
        return Report(_reference(about["client_reference_id"]), has_ended=True)
    if kind == "charge.refunded":
        ours = (about.get("metadata") or {}).get("payment")
        return Report(_reference(ours), refunded=int(about["amount_refunded"]))
    if kind == "charge.dispute.created":
        intent = _text(about["payment_intent"])
        return Report("", charge_id=intent, disputed=_text(about["reason"]) or "?")
    return None


def _text(value: object) -> str:
    """Return a short text as it is; "" for anything else."""
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""


def _reference(value: object) -> str:
    """Return a reference; "" for one that is not ours."""
    known = isinstance(value, str) and value.isascii() and value.isalnum()
    return str(value) if known else ""
