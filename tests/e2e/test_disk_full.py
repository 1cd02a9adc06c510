"""A data folder without room: a clear refusal, nothing half done, and an end of it."""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.calls import call
from tests.e2e.harness import Product, Simulator, eventually, ready_product
from tests.e2e.judge import assert_faithful
from tests.e2e.services import given_services
from tests.pictures import data_url

SIZE = "300m"
PIECE = b"x" * 1_000_000


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("small")
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def product(sim: Simulator, accounts: int, small_disk: Path) -> Iterator[Product]:
    services = given_services()
    with ready_product(sim, small_disk / "data", accounts, services) as running:
        yield running


def fill(file: Path) -> None:
    with contextlib.suppress(OSError), file.open("wb", 0) as out:
        while out.write(PIECE) == len(PIECE):
            pass


def noise(seed: int) -> bytes:
    """Return a picture that takes some room on a disk."""
    out = io.BytesIO()
    pixels = random.Random(seed).randbytes(256 * 256 * 3)
    Image.frombytes("RGB", (256, 256), pixels).save(out, "PNG")
    return out.getvalue()


def submit(product: Product, what: str, body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"mj-api-secret": product.api_key}
    path = f"{product.url}/mj/submit/{what}"
    status, answer = call("POST", path, body, headers)
    return status, json.loads(answer)


def brought(product: Product) -> set[str]:
    folder = product.data / "pictures" / ".inputs"
    return {path.name for path in folder.rglob("*") if path.is_file()}


def readiness(product: Product) -> dict[str, Any]:
    words: dict[str, Any] = json.loads(call("GET", f"{product.url}/readyz")[1])
    return words


def test_a_full_disk_refuses_and_is_over_when_there_is_room(
    product: Product, sim: Simulator, small_disk: Path
) -> None:
    ids = [product.imagine("before it is full")]
    product.wait_all(ids)
    eventually(lambda: readiness(product)["status"] == "ready", what="it is ready")
    pictures = {"base64Array": [data_url(noise(seed)) for seed in range(2)]}
    files = brought(product)
    fill(small_disk / "filler")

    status, words = submit(product, "blend", pictures)
    assert (status, words["code"]) == (503, -1)
    assert "The disk is full" in words["description"]
    assert brought(product) == files
    # SQLite may have room left in a file of its own: then it is kept, and drawn later.
    for n in range(5):
        status, words = submit(product, "imagine", {"prompt": f"while full {n}"})
        assert status == 503 or words["code"] in (1, 22)
        ids += [words["result"]] if status == 200 else []
    eventually(lambda: readiness(product)["disk"] == "full", what="it is known")
    assert call("GET", f"{product.url}/healthz")[0] == 200

    (small_disk / "filler").unlink()

    eventually(
        lambda: readiness(product)["status"] == "ready", what="it is ready again"
    )
    status, words = submit(product, "blend", pictures)
    assert status == 200
    ids.append(words["result"])
    assert_faithful(product, sim, product.wait_all(ids))
