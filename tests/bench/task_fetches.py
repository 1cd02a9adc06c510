"""The rate of task fetches against a bare view on the same server."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp

from tests.e2e.harness import Product

CONNECTIONS = 16
SECONDS = 4.0


async def measure(product: Product) -> dict[str, Any]:
    task_id = product.imagine("fetched very often")
    product.wait_for(task_id)
    bare = await _rate(product, "/bench/bare")
    fetch = await _rate(product, f"/mj/task/{task_id}/fetch")
    return {
        "bare_per_second": round(bare),
        "fetch_per_second": round(fetch),
        "ratio": round(fetch / bare, 2),
    }


async def _rate(product: Product, path: str) -> float:
    """Return the answers per second of some connections that ask without a pause."""
    headers = {"mj-api-secret": product.api_key}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as http:
        end = time.monotonic() + SECONDS

        async def ask() -> int:
            count = 0
            while time.monotonic() < end:
                async with http.get(f"{product.url}{path}") as response:
                    await response.read()
                count += 1
            return count

        counts = await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return sum(counts) / SECONDS
