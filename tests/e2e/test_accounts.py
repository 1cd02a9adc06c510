"""Accounts come, change and go without a restart; their tokens are never seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.simulator.state.accounts import account_spec
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful

NEWCOMER, HOST = account_spec(9), account_spec(10)


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


def session_of(sim: Simulator) -> dict[str, Any]:
    rows = [row for row in sim.ask("GET", "sessions") if row["connected"]]
    (row,) = [row for row in rows if row["account"] == NEWCOMER.name]
    return dict(row)


def edit(product: Product, what: str = "account", **members: Any) -> None:
    row = row_of(product)
    body = {"id": row["id"], **members}
    answer = product.api("PUT", f"/mj/admin/{what}/{row['id']}", body)
    assert answer["success"], answer


def test_an_edit_that_does_not_concern_the_connection_leaves_the_socket_alone(
    product: Product, sim: Simulator
) -> None:
    before = session_of(sim)

    for members in ({"remark": "a fox"}, {"coreSize": 3}, {"enable": True}):
        edit(product, **members)
        task_id = product.imagine(
            f"right after {members}",
            accountFilter={"instanceId": NEWCOMER.channel_id},
        )
        assert_faithful(product, sim, [product.wait_for(task_id)])

    assert session_of(sim) == before | {"seq": session_of(sim)["seq"]}


def test_a_reconnect_connects_anew_and_finds_the_direct_messages(
    product: Product, sim: Simulator
) -> None:
    before = session_of(sim)
    known = row_of(product)["privateChannelId"]
    assert known

    edit(product, "account-reconnect", privateChannelId="", nijiBotChannelId="")
    task_id = product.imagine(
        "right after it", accountFilter={"instanceId": NEWCOMER.channel_id}
    )

    eventually(lambda: row_of(product)["privateChannelId"] == known, what="it is found")
    assert_faithful(product, sim, [product.wait_for(task_id)])
    after = session_of(sim)
    assert (after["session_id"] != before["session_id"], after["resumes"]) == (True, 0)


def test_rows_of_one_user_stand_where_the_user_stands(
    product: Product, sim: Simulator
) -> None:
    sim.ask("POST", "accounts", {"number": 10})
    where = {"account": HOST.name, "channel_id": HOST.channel_id}
    sim.ask("POST", "channels", {**where, "guests": [NEWCOMER.name]})
    product.add_account(
        replace(NEWCOMER, channel_id=HOST.channel_id, guild_id=HOST.guild_id)
    )
    first, second = NEWCOMER.channel_id, HOST.channel_id

    def stand(state: str) -> None:
        def there() -> bool:
            rows = product.api("GET", "/mj/account/list")
            shared = [r["state"] for r in rows if r["channelId"] in (first, second)]
            return shared == [state, state]

        eventually(there, what=f"both are {state}")

    stand("ready")
    sim.rule({"account": NEWCOMER.name}, {"notice": "mod_message"}, times=1)
    product.imagine("it is told", accountFilter={"instanceId": first})
    stand("paused")
    path = f"/mj/admin/account/{second}"
    assert product.api("PUT", path, {"enable": True})["success"]
    stand("ready")
    task_ids = [
        product.imagine(f"again in {channel}", accountFilter={"instanceId": channel})
        for channel in (first, second)
    ]
    assert_faithful(product, sim, product.wait_all(task_ids))
    assert product.api("DELETE", path)["success"]


def test_tasks_of_a_deleted_account_end_with_the_true_reason(
    product: Product, sim: Simulator
) -> None:
    edit(product, coreSize=1)
    here = {"instanceId": NEWCOMER.channel_id}
    rule = sim.rule({"account": NEWCOMER.name}, {"hang_at": 30})
    running, waiting = (product.imagine(f"left {n}", accountFilter=here) for n in "ab")
    eventually(
        lambda: product.task(running)["status"] in {"SUBMITTED", "IN_PROGRESS"},
        what="one runs",
    )

    product.api("DELETE", f"/mj/admin/account/{row_of(product)['id']}")

    for task_id in (running, waiting):
        task = product.wait_for(task_id)
        assert task["status"] == "FAILURE"
        assert "its account was deleted" in task["failReason"]
    sim.ask("DELETE", f"rules/{rule}")
    product.add_account(NEWCOMER)
    eventually(lambda: row_of(product)["state"] == "ready", what="it is back")
    assert product.task(waiting)["status"] == "FAILURE"


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
