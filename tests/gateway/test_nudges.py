from __future__ import annotations

from gateway.nudges import GatewayConsumer, nudged


async def test_a_change_of_accounts_nudges_who_reads_the_rows() -> None:
    heard: list[object] = []

    def look(**facts: object) -> None:
        heard.append(facts["sender"])

    nudged.connect(look)
    try:
        await GatewayConsumer().accounts_changed({})
    finally:
        nudged.disconnect(look)

    assert heard == [GatewayConsumer]
