"""Every page, as page checkers see it: nothing unreadable, nothing that jumps."""

from __future__ import annotations

from tests.e2e.browsing import file, needs_browser
from tests.e2e.harness import Product, Simulator
from tests.pictures import data_url

pytestmark = needs_browser
ACCOUNTS = 3
WORDS = "a lighthouse at dawn, long exposure, mist over the rocks and the boats --ar"


def populate(product: Product, sim: Simulator) -> list[str]:
    """Draw, fail, wait, describe and lock: a row of each kind; the drawn ones first."""
    shapes = ["1:1", "3:2", "9:16", "16:9", "4:5"]
    hook = {"notifyHook": f"{sim.url}/nobody"}
    drawn = [product.imagine(f"{WORDS} {shape}", **hook) for shape in shapes]
    picture = data_url(file("navy")["buffer"])
    drawn.append(product.submit("describe", base64=picture))
    product.wait_all(drawn)
    sim.rule({"prompt_regex": "a slow river"}, {"hang_at": 31})
    slow = product.imagine("a slow river")
    product.wait_for(slow, "IN_PROGRESS")
    product.api("POST", "/mj/admin/user", {"name": "anna"})
    locked = product.accounts[0]
    sim.rule({"account": locked.name}, {"verify": True}, times=1)
    failed = product.imagine("a door", accountFilter={"instanceId": locked.channel_id})
    product.wait_for(failed)
    return drawn
