"""Many drawings of one prompt: each task has its own job's picture."""

from __future__ import annotations

from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful

COUNT = 60


def test_sixty_drawings_of_one_prompt_are_never_swapped(
    product: Product, sim: Simulator
) -> None:
    sim.rule({"phase": "final"}, {"shuffle": 3}, times=30)
    sim.rule({"phase": "progress"}, {"shuffle": 2}, times=60)
    sim.rule({"phase": "start"}, {"after": "success"})

    ids = [product.imagine("the same words --ar 1:1") for _ in range(COUNT)]
    tasks = product.wait_all(ids, limit=300)

    assert_faithful(product, sim, tasks)
    assert len({task["jobId"] for task in tasks}) == COUNT


def test_prompts_that_begin_alike_are_not_mixed_up(
    product: Product, sim: Simulator
) -> None:
    sim.ask("DELETE", "rules")
    prompts = ["a cat", "a cat on a mat", "a cat on a mat in the sun", "A CAT!"]

    tasks = product.wait_all([product.imagine(prompt) for prompt in prompts])

    assert_faithful(product, sim, tasks)
