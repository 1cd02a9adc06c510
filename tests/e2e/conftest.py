"""Real processes: a simulator and a product, fresh for each test module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.buckets import bucket as bucket
from tests.buckets import service as service
from tests.e2e.browser import CHROMIUM, signed_in
from tests.e2e.harness import Product, Simulator, ready_product
from tests.e2e.prepared import prepared_folder, shared_by_processes
from tests.e2e.services import TEMPLATE, given_services

# Files that take longest, the longest first: begun last they would run on alone. Their
# number of tests, by which xdist sorts unless it is told not to, does not tell it.
SLOW: Final = [
    f"test_{name}"
    for name in (
        "late",
        "every_page",
        "demo",
        "restarts",
        "disorder",
        "every_button",
        "page_pictures",
        "moving",
        "clients",
        "crash",
        "day",
        "standing_still",
        "crash_windows",
        "drawing",
        "commands",
        "database_faults",
        "fairness",
        "channels",
    )
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort slow files to the front; the others keep their order."""

    def place(item: pytest.Item) -> int:
        name = item.path.stem
        return SLOW.index(name) if name in SLOW else len(SLOW)

    items.sort(key=place)


@pytest.fixture(scope="module")
def accounts(request: pytest.FixtureRequest) -> int:
    """Number of accounts; a module sets another one in `ACCOUNTS`."""
    count: int = getattr(request.module, "ACCOUNTS", 3)
    return count


@pytest.fixture(scope="module")
def sim(accounts: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    simulator = Simulator.start(
        "--accounts", str(accounts), "--speed", "10", "--picture-size", "128", log=log
    )
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as a first start leaves it; prepares TEMPLATE too."""
    return prepared_folder(shared_by_processes(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="module")
def data(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder of its own for the product of a module."""
    folder: Path = tmp_path_factory.mktemp("data")
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def product(sim: Simulator, accounts: int, data: Path) -> Iterator[Product]:
    impatient = {"DJANGO_SETTINGS_MODULE": "tests.e2e.settings"}
    services = given_services(TEMPLATE) | impatient
    with ready_product(sim, data, accounts, services) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    with signed_in(browser, product) as page:
        yield page
