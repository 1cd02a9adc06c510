"""A user's own page of credits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from accounts.credits import ledger
from accounts.credits.codes import make_batch
from accounts.limits import meter
from accounts.models import CreditPackage, Payment, RedeemBatch, User
from accounts.pages import credits
from tests.factories import make_user
from tests.mjproxy.asgi_requests import application, ask
from tests.stripe_server import Stripe, stripe_server, tell

PAGE = "/me/credits"


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def stripe_on(db: None, request: pytest.FixtureRequest) -> Iterator[Stripe]:
    with stripe_server(request.getfixturevalue("settings")) as found:
        yield found


def said(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_shows_balance_and_bookings(page: Client, alice: User) -> None:
    ledger.add(alice.pk, 1500, by="olga", note="a <b>gift</b>")
    ledger.take(alice.pk, 300, by="olga", note="")
    ledger.add(make_user("carol").pk, 77, by="olga", note="carol's")

    shown = said(page.get(PAGE))

    assert 'data-testid="balance">1,200<' in shown
    assert "+1,500" in shown
    assert "-300" in shown
    assert "a &lt;b&gt;gift&lt;/b&gt;" in shown
    assert "carol" not in shown
    assert "1200" in said(page.get("/me/usage"))


def test_bookings_have_pages(
    page: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credits, "PAGE", 2)
    for note in ("first", "second", "third"):
        ledger.add(alice.pk, 1, by="", note=note)

    newest = said(page.get(PAGE))
    link = re.search(r'href="([^"]+)" data-testid="older"', newest)
    assert link
    oldest = said(page.get(link[1]))

    assert "second" in newest
    assert "first" not in newest
    assert "first" in oldest
    assert 'data-testid="older"' not in oldest


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 40, "1e9", "٣"])
def test_a_strange_page_is_no_error(page: Client, before: str) -> None:
    assert page.get(PAGE, {"before": before, "payment": before}).status_code == 200


def test_a_code_is_redeemed(page: Client, alice: User) -> None:
    (code,) = make_batch(RedeemBatch(credits=50, size=1), by="olga")

    first = page.post(f"{PAGE}/redeem", {"code": code.lower()})
    again = page.post(f"{PAGE}/redeem", {"code": code})

    assert first.status_code == 200
    assert "50 credits were added" in said(first)
    assert again.status_code == 400
    assert "was used already" in said(again)
    assert meter.balance(alice.pk) == 50
    assert code not in said(page.get(PAGE))


@pytest.mark.parametrize("code", ["", "   ", "x" * 101, "no-such-code"])
def test_a_wrong_code_is_told(page: Client, code: str) -> None:
    answer = page.post(f"{PAGE}/redeem", {"code": code})

    assert answer.status_code == 400
    assert 'data-testid="error"' in said(answer)


def test_without_a_way_to_pay_nothing_is_sold(page: Client) -> None:
    CreditPackage.objects.create(name="Small", credits=1, price=1, currency="CNY")

    assert "Small" not in said(page.get(PAGE))


def test_a_package_is_bought(page: Client, alice: User, stripe_on: Stripe) -> None:
    package = CreditPackage.objects.create(
        name="Small", credits=100, price=Decimal("9.90"), currency="CNY"
    )
    shown = said(page.get(PAGE))
    assert "100 credits · 9.90 CNY" in shown

    opened = page.post(f"{PAGE}/buy", {"package": package.pk, "way": "stripe"})

    address = "https://checkout.stripe.test/c/cs_test_1?a=1&amp;b=2"
    assert f'content="0;url={address}"' in said(opened)
    assert f'href="{address}"' in said(opened)
    back = stripe_on.orders[0]["success_url"].removeprefix("http://testserver")
    assert "not confirmed yet" in said(page.get(back))
    tell(stripe_on.session("completed"))
    assert "100 credits were added" in said(page.get(back))
    assert meter.balance(alice.pk) == 100


def test_anothers_payment_is_not_told(page: Client, bob: User) -> None:
    Payment.objects.create(
        user=bob, reference="f" * 32, credits=77, amount=1, currency="CNY"
    )

    shown = said(page.get(PAGE, {"payment": "f" * 32}))

    assert 'data-testid="notice-credits"' not in shown


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 302),
        ({"package": "x", "way": "stripe"}, 302),
        ({"package": "-1", "way": "stripe"}, 302),
        ({"package": str(2**70), "way": "stripe"}, 302),
        ({"package": "999", "way": "stripe"}, 400),
        ({"package": "1", "way": "cash"}, 400),
    ],
)
def test_what_is_not_on_sale_is_refused(
    page: Client, stripe_on: Stripe, form: dict[str, str], status: int
) -> None:
    assert page.post(f"{PAGE}/buy", form).status_code == status
    assert stripe_on.orders == []


def test_a_service_that_is_down_is_told(page: Client, stripe_on: Stripe) -> None:
    package = CreditPackage.objects.create(
        name="Small", credits=1, price=1, currency="CNY"
    )
    stripe_on.status = 500

    answer = page.post(f"{PAGE}/buy", {"package": package.pk, "way": "stripe"})

    assert answer.status_code == 502
    assert 'data-testid="error"' in said(answer)


def test_the_statement_is_a_file(page: Client, alice: User) -> None:
    ledger.add(alice.pk, 5, by="olga", note="a gift")

    answer: Any = page.get(f"{PAGE}/statement")

    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    assert b"a gift" in b"".join(answer.streaming_content)


@pytest.mark.django_db(transaction=True)
async def test_no_thread_waits_for_the_payment_service(
    alice: User, stripe_on: Stripe
) -> None:
    """Through the server's own handler: the request is run again with the answer."""
    headers, form = await sync_to_async(_signed_in)(alice)
    async with application() as app:
        answer = await ask(app, f"{PAGE}/buy", body=form, more=headers)

    assert answer.status == 200
    assert b"checkout.stripe.test" in answer.body
    payment = await Payment.objects.aget()
    (order,) = stripe_on.orders
    assert order["client_reference_id"] == payment.reference


def _signed_in(user: User) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """Return headers and form with which a browser of the user buys a package."""
    package = CreditPackage.objects.create(
        name="Small", credits=1, price=1, currency="CNY"
    )
    browser = Client()
    browser.force_login(user)
    token = "t" * 32
    names = {settings.CSRF_COOKIE_NAME: token}
    names |= {name: cookie.value for name, cookie in browser.cookies.items()}
    cookies = "; ".join(f"{name}={value}" for name, value in names.items())
    headers = (
        (b"cookie", cookies.encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
    )
    form = {"package": package.pk, "way": "stripe", "csrfmiddlewaretoken": token}
    return headers, urlencode(form).encode()
