"""Remix mode, as a person switches it at Midjourney."""

from __future__ import annotations

from tests.e2e.harness import Product, Simulator


def remix(product: Product, sim: Simulator, *, on: bool) -> None:
    """Switch remix mode on or off at Midjourney, and let the product know."""
    for spec in product.accounts:
        sim.ask("POST", "accounts", {"change": spec.name, "remix": on})
    for row in product.api("GET", "/mj/account/list"):
        body = {"mjRemixOn": on}
        said = product.api("PUT", f"/mj/admin/account/{row['id']}", body)
        assert said["success"], said
