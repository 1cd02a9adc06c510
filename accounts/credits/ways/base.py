"""PaymentWay: the interface of a payment service, and what is exchanged with it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from accounts.exceptions import AccountsError


@dataclass(frozen=True)
class Order:
    """A payment that is to be opened at a service."""

    reference: str  # our name of the payment; the service sends it back
    title: str
    amount: int  # in the smallest unit of the currency
    currency: str
    back: str  # the address to which the person returns, paid or not


@dataclass(frozen=True)
class Opened:
    """A payment that a service has opened, and the page on which it is paid."""

    reference: str
    outside_id: str
    address: str


@dataclass(frozen=True)
class Report:
    """What a service says about a payment. Amounts are in smallest units.

    Reports come late, twice and in any order, so each says how things stand: `paid` and
    `refunded` are sums, None says nothing. `charge_id` is the service's name of the
    money; a report without a `reference` is found by it.
    """

    reference: str
    charge_id: str = ""
    paid: int | None = None
    currency: str = ""
    refunded: int | None = None
    has_ended: bool = False  # it was not paid in time
    disputed: str = ""  # why the person wants the money back from their bank


Ask = Callable[[], Coroutine[Any, Any, Opened]]


class PaymentDown(AccountsError):
    """The service has not opened the payment."""

    status = 502

    def __init__(self) -> None:
        super().__init__(
            "支付服务暂不可用，请稍后尝试",
            "The payment service does not answer as it should, retry later",
        )


class WrongReport(Exception):
    """A report is not of the service, or it cannot be read."""


class PaymentWay(Protocol):
    """A payment service."""

    name: str  # in addresses and rows
    label: str  # on buttons
    receipt: str  # the body with which a report is answered

    def is_on(self) -> bool:
        """Tell whether users may pay with it."""

    def opening(self, order: Order) -> Ask:
        """Return what opens a payment. It is awaited in the event loop.

        Settings are read here, because the loop must not wait for the database. The
        coroutine raises PaymentDown.
        """

    def read(self, body: bytes, headers: Mapping[str, str]) -> Report | None:
        """Return what a report says, None if nothing that matters here.

        Raises WrongReport where the signature is wrong.
        """
