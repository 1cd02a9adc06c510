"""Accounts come, change and go without a restart; their tokens are never seen."""

from __future__ import annotations

from gateway.simulator.world import account_spec
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful

NEWCOMER = account_spec(9)


def row_of(product: Product) -> dict[str, object]:
    row: dict[str, object] = product.api(
        "GET", f"/mj/account/{NEWCOMER.channel_id}/fetch"
    )
    return row


def sessions(sim: Simulator) -> set[str]:
    rows = sim.ask("GET", "sessions")
    return {row["account"] for row in rows if row["connected"]}


def test_an_account_is_ready_soon_after_it_is_saved(
    product: Product, sim: Simulator
) -> None:
    sim.ask("POST", "accounts", {"number": 9})

    product.add_account(NEWCOMER)
    eventually(lambda: row_of(product)["state"] == "ready", what="it is ready")

    assert NEWCOMER.name in sessions(sim)


def test_an_edited_account_goes_on_drawing(product: Product, sim: Simulator) -> None:
    task_id = product.imagine(
        "before and after", accountFilter={"instanceId": NEWCOMER.channel_id}
    )
    account_id = row_of(product)["id"]

    product.api("PUT", f"/mj/admin/account/{account_id}", {"coreSize": 2})

    assert_faithful(product, sim, [product.wait_for(task_id)])


def test_a_revoked_token_disables_the_account(product: Product, sim: Simulator) -> None:
    sim.ask("POST", "accounts", {"revoke": NEWCOMER.name, "close": True})

    eventually(
        lambda: row_of(product)["state"] == "invalid_token", what="it is disabled"
    )

    before = len(sim.ask("GET", "log"))
    others = [product.imagine(f"by the others {n}") for n in range(6)]
    assert_faithful(product, sim, product.wait_all(others))
    log = sim.ask("GET", "log")[before:]
    assert not [r for r in log if r.get("account") == NEWCOMER.name], "it tries again"


def test_a_deleted_account_leaves_its_socket(product: Product, sim: Simulator) -> None:
    sim.ask("POST", "accounts", {"restore": NEWCOMER.name})
    account_id = row_of(product)["id"]
    product.api("PUT", f"/mj/admin/account/{account_id}", {"enable": True})
    eventually(lambda: NEWCOMER.name in sessions(sim), what="it is back")

    product.api("DELETE", f"/mj/admin/account/{account_id}")

    eventually(lambda: NEWCOMER.name not in sessions(sim), what="its socket is closed")


def test_no_secret_is_in_the_log_or_in_an_answer(product: Product) -> None:
    key = product.api("POST", "/mj/admin/user", {"name": "a program"})["data"]["token"]
    answers = [
        product.api("GET", "/mj/account/list"),
        product.api("GET", "/mj/account/list", key=key),
        product.api("GET", "/mj/task/list"),
    ]

    seen = product.log.read_text() + str(answers)

    secrets = [spec.user_token for spec in product.accounts]
    for secret in [*secrets, key, product.admin_token]:
        assert secret not in seen
