"""What the operators' page of another server reads, with an operator's key."""

from __future__ import annotations

from tests.conftest import OPERATORS_KEY, ApiClient
from tests.contract.clients.base import text_in
from tests.factories import make_account

TABLE = {
    "pagination": {"current": 1, "pageSize": 10},
    "sort": {"predicate": "", "reverse": True},
    "search": {"current": 1, "pageSize": 10, "state": "", "sort": "", "statusSet": []},
}


def test_it_signs_in_and_reads_who_it_is(operator_api: ApiClient) -> None:
    said = operator_api.send("/mj/admin/login", f'"{OPERATORS_KEY}"').json()
    current = operator_api.get("/mj/admin/current").json()

    assert (said["code"], text_in(said, "apiSecret")) == (1, OPERATORS_KEY)
    assert (current["access"], current["active"]) == ("admin", True)
    assert text_in(current, "name")


def test_its_choice_of_accounts_and_its_table(operator_api: ApiClient) -> None:
    make_account(remark="first")

    bare = operator_api.get("/mj/admin/accounts").json()
    table = operator_api.send("/mj/admin/accounts", TABLE).json()

    for row in (*bare, *table["list"]):
        assert text_in(row, "channelId")
        assert (row["enable"], row["running"], row["remark"]) == (True, True, "first")
        assert isinstance(row["displays"], dict)
    assert table["pagination"]["total"] == len(bare) == 1
