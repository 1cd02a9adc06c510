"""Each client's own way through the product, from the first submit to the end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import CLIENTS
from tests.contract.clients.base import KEY, Client
from tests.contract.clients.comfly import hash_of
from tests.contract.clients.geekai import hash_in
from tests.contract.clients.wechat_bot import STATE
from tests.e2e.contract_client import ContractClient, button, hooks, picture_of
from tests.e2e.generated_clients import (
    draw_in_python,
    draw_in_typescript,
    need_generators,
)
from tests.e2e.harness import ROOT, Product, Simulator
from tests.pictures import bare, data_url, mask, picture

RED, BLUE = data_url(picture(colour="red")), data_url(picture(colour="blue"))
Draw = Callable[[Product, Path, str], dict[str, Any]]
CONFIRM = "Waiting for window confirm"
ALLOW_GUESTS = (
    "from accounts.models import AccessSettings as A;"
    "A.objects.update_or_create(defaults={'allow_without_key': True})"
)


@pytest.fixture(scope="module")
def opened(product: Product) -> Product:
    """The product with the clients' key, open to guests without a key."""
    said = product.api("POST", "/mj/admin/user", {"name": "client", "token": KEY})
    assert said["success"], said
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", ALLOW_GUESTS]
    subprocess.run(command, cwd=ROOT, env=product.environment, check=True)
    return product


@pytest.fixture
def contract_client(opened: Product, request: pytest.FixtureRequest) -> ContractClient:
    letter: str = request.param
    client: Client = next(each for each in CLIENTS if each.letter == letter)
    return ContractClient(client, opened.url)


def client(letter: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("contract_client", [letter], indirect=True)


@client("D")
def test_chatgpt_web_draws_zooms_and_repaints(
    contract_client: ContractClient, sim: Simulator
) -> None:
    body = {"base64Array": [RED], "notifyHook": "", "state": "", "prompt": "web fox"}
    body |= {"botType": "MID_JOURNEY"}
    grid = contract_client.drawn(contract_client.told("submit/imagine", body))
    single = contract_client.drawn(
        contract_client.pressed(grid, button(grid, "upsample::1"))
    )

    zoom = contract_client.client.told(
        contract_client.press(single, button(single, "CustomZoom::"))
    )
    body = {"taskId": zoom.task_id, "prompt": zoom.text}
    zoomed = contract_client.drawn(contract_client.told("submit/modal", body))
    region = contract_client.client.told(
        contract_client.press(single, button(single, "Inpaint::1"))
    )
    size = (single["imageWidth"], single["imageHeight"])
    body = {"prompt": "a hat", "maskBase64": data_url(mask(size, (0, 0, 9, 9)))}
    painted = contract_client.drawn(
        contract_client.told("submit/modal", {"taskId": region.task_id, **body})
    )

    assert zoomed["id"] == zoom.task_id
    assert painted["id"] == region.task_id
    assert (zoomed["parentId"], painted["parentId"]) == (single["id"], single["id"])


@client("D")
def test_chatgpt_web_asks_for_words_links_and_seeds(
    contract_client: ContractClient, sim: Simulator
) -> None:
    body = {"base64": BLUE, "botType": "MID_JOURNEY"}
    described = contract_client.drawn(contract_client.told("submit/describe", body))
    body = {"prompt": "a very red fox", "botType": "MID_JOURNEY"}
    short = contract_client.drawn(contract_client.told("submit/shorten", body))
    body = {"botType": "MID_JOURNEY", "dimensions": "SQUARE"}
    pair = {"base64Array": [RED, BLUE]}
    blended = contract_client.drawn(
        contract_client.told("submit/blend", {**body, **pair})
    )

    links = contract_client.post("submit/upload-discord-images", pair).json()["result"]
    seed = contract_client.send(
        contract_client.client.get(f"task/{blended['id']}/image-seed")
    ).json()

    assert described["prompt"] == described["properties"]["finalPrompt"]
    assert "1️⃣" in described["prompt"]
    assert short["properties"]["finalPrompt"]
    assert links[0].startswith("http")
    assert len(links) == 2
    assert int(seed["result"]) > 0


@client("L")
def test_chatgpt_next_sees_the_window_and_answers_it(
    contract_client: ContractClient,
) -> None:
    grid = contract_client.drawn(
        contract_client.told("submit/imagine", {"prompt": "next fox"})
    )
    single = contract_client.drawn(
        contract_client.pressed(grid, button(grid, "upsample::2"))
    )

    pressed = contract_client.pressed(single, button(single, "CustomZoom::"))
    look = contract_client.client.seen(
        contract_client.send(contract_client.client.look(pressed.task_id))
    )
    answered = contract_client.told("submit/modal", {"taskId": pressed.task_id})

    assert look.opens_window
    assert answered.task_id == pressed.task_id
    assert contract_client.drawn(pressed)["id"] == pressed.task_id


@client("b")
def test_lobe_upscales_varies_and_draws_again(contract_client: ContractClient) -> None:
    grid = contract_client.drawn(
        contract_client.told("submit/imagine", {"prompt": "lobe fox"})
    )
    bodies = [
        {"action": "UPSCALE", "index": 3, "taskId": grid["id"]},
        {"action": "VARIATION", "index": 1, "taskId": grid["id"]},
        {"action": "REROLL", "taskId": grid["id"]},
    ]

    told = [contract_client.told("submit/change", body) for body in bodies]
    tasks = [contract_client.drawn(each) for each in told]

    assert [t["action"] for t in tasks] == ["UPSCALE", "VARIATION", "REROLL"]


@client("W")
def test_the_admin_webui_draws_and_answers_windows(
    contract_client: ContractClient,
) -> None:
    state = {"state": "midjourney-proxy-admin"}
    body = {"prompt": "webui fox", "botType": "MID_JOURNEY", "accountFilter": {}}
    grid = contract_client.drawn(
        contract_client.told("submit/imagine", {**body, **state})
    )
    single = contract_client.drawn(
        contract_client.pressed(grid, button(grid, "upsample::4"))
    )

    window = contract_client.client.told(
        contract_client.press(single, button(single, "CustomZoom::"))
    )
    closed = contract_client.client.told(
        contract_client.press(single, button(single, "CustomZoom::"))
    )
    contract_client.post(f"task/{closed.task_id}/cancel", {})
    body = {"taskId": window.task_id, "prompt": window.text}
    zoomed = contract_client.drawn(contract_client.told("submit/modal", body))

    assert (window.how, grid["state"]) == ("window", state["state"])
    assert zoomed["id"] == window.task_id
    assert contract_client.task(closed.task_id)["status"] == "FAILURE"


@client("N")
def test_the_relay_follows_its_tasks_by_one_list(
    contract_client: ContractClient,
) -> None:
    with hooks() as receiver:
        body = {"prompt": "relay fox", "notifyHook": receiver.url}
        told = contract_client.told("submit/imagine", body)
        grid = contract_client.drawn(told)
        single = contract_client.drawn(
            contract_client.pressed(grid, button(grid, "upsample::1"))
        )
        story = receiver.story(told.task_id)

    assert contract_client.client.read(story[-1]).over
    assert picture_of(single).size == (single["imageWidth"], single["imageHeight"])


@client("c")
def test_chatnio_lives_on_hooks_alone(contract_client: ContractClient) -> None:
    with hooks() as receiver:
        body = {"notifyHook": receiver.url, "prompt": "chat fox"}
        told = contract_client.told("submit/imagine", body)
        story = receiver.story(told.task_id)
        body |= {"action": "UPSCALE", "taskId": told.task_id}
        upscale = contract_client.told("submit/change", {**body, "index": 2})
        upscaled = receiver.story(upscale.task_id)

    looks = [contract_client.client.read(each) for each in story]
    assert [look.over for look in looks] == [False] * (len(looks) - 1) + [True]
    percents = [look.percent or 0 for look in looks]
    assert percents == sorted(percents)
    assert upscaled[-1]["action"] == "UPSCALE"
    assert contract_client.client.read(upscaled[-1]).picture


@client("g")
def test_geekai_puts_its_buttons_together(contract_client: ContractClient) -> None:
    body = {"botType": "MID_JOURNEY", "prompt": "geek fox", "base64Array": [BLUE]}
    grid = contract_client.drawn(contract_client.told("submit/imagine", body))

    custom_id = f"MJ::JOB::variation::3::{hash_in(grid['buttons'])}"
    varied = contract_client.drawn(contract_client.pressed(grid, custom_id))

    assert (grid["mode"], varied["action"]) == ("FAST", "VARIATION")
    assert picture_of(varied).format in ("PNG", "WEBP")


@client("F")
def test_comfly_presses_with_the_messages_id(contract_client: ContractClient) -> None:
    extras: dict[str, Any] = {"modes": [], "instanceId": "", "seed": 0}
    body = {"prompt": "comfy fox", **extras}
    grid = contract_client.drawn(contract_client.told("submit/imagine", body))
    custom_id = f"MJ::JOB::upsample::2::{hash_of(grid)}"
    single = contract_client.drawn(contract_client.pressed(grid, custom_id))

    custom_id = f"MJ::JOB::pan_left::2::{hash_of(single)}::SOLO"
    panned = contract_client.drawn(contract_client.pressed(single, custom_id))
    window = contract_client.pressed(single, f"MJ::CustomZoom::{hash_of(single)}::2")
    body = {"taskId": window.task_id, "prompt": "comfy fox --zoom 1.8"}
    zoomed = contract_client.drawn(contract_client.told("submit/modal", body))
    body = {"prompt": "it turns", "motion": "low", "image": bare(picture())}
    sent = contract_client.client.post("submit/video", body)
    video = contract_client.client.told(contract_client.send(sent))

    assert (grid["mode"], panned["action"]) == ("TURBO", "PAN")
    assert zoomed["id"] == window.task_id
    clips = contract_client.drawn(video)
    assert (clips["action"], clips["imageUrl"][-5:]) == ("VIDEO", ".webp")


@client("3")
def test_the_ai_sdk_cuts_its_picture_in_four(contract_client: ContractClient) -> None:
    body = {"prompt": "sdk fox", "botType": "MID_JOURNEY"}
    grid = contract_client.drawn(contract_client.told("submit/imagine", body))

    by_label = {each["label"]: each["customId"] for each in grid["buttons"]}
    single = contract_client.drawn(contract_client.pressed(grid, by_label["U4"]))

    width, height = picture_of(grid).size
    assert (width % 2, height % 2) == (0, 0)
    assert single["action"] == "UPSCALE"


@client("u")
def test_uniai_changes_and_lists(contract_client: ContractClient) -> None:
    grid = contract_client.drawn(
        contract_client.told("submit/imagine", {"prompt": "uni fox"})
    )

    body = {"taskId": grid["id"], "action": "UPSCALE", "index": 1}
    single = contract_client.drawn(contract_client.told("submit/change", body))
    listed = contract_client.send(contract_client.client.get("task/list")).json()

    assert {grid["id"], single["id"]} <= {each["id"] for each in listed}


@client("m")
def test_the_wechat_plugin_changes_by_a_line_of_text(
    contract_client: ContractClient,
) -> None:
    body = {"prompt": "plugin fox", "state": STATE}
    grid = contract_client.drawn(contract_client.told("submit/imagine", body))

    body = {"content": f"{grid['id']} U1", "state": STATE}
    single = contract_client.drawn(contract_client.told("submit/simple-change", body))
    queue = contract_client.send(contract_client.client.get("task/queue")).json()

    assert (single["state"], single["action"]) == (STATE, "UPSCALE")
    assert queue == []


@client("h")
def test_chuanhu_reads_what_a_picture_shows(contract_client: ContractClient) -> None:
    grid = contract_client.drawn(
        contract_client.told(
            "submit/imagine", {"prompt": "chat page fox", "base64": RED}
        )
    )
    body = {"action": "VARIATION", "index": 2, "taskId": grid["id"]}
    contract_client.drawn(contract_client.told("submit/change", body))

    described = contract_client.drawn(
        contract_client.told("submit/describe", {"base64": RED})
    )

    assert "1️⃣" in described["prompt"]
    assert described["imageUrl"]


@client("w")
def test_the_wechat_bot_needs_no_key(contract_client: ContractClient) -> None:
    with hooks() as receiver:
        body = {"state": STATE, "notifyHook": receiver.url}
        told = contract_client.told("submit/imagine", {**body, "prompt": "bot fox"})
        story = receiver.story(told.task_id)
        body |= {"content": f"{told.task_id} v1"}
        varied = receiver.story(
            contract_client.told("submit/simple-change", body).task_id
        )

    assert story[0]["status"] == "SUBMITTED"
    assert [contract_client.client.read(each).over for each in story].count(True) == 1
    assert varied[-1]["status"] == "SUCCESS"
    assert varied[-1]["state"] == STATE


@client("M")
def test_midjourney_web_waits_for_a_hundred_percent(
    contract_client: ContractClient,
) -> None:
    grid = contract_client.drawn(
        contract_client.told("submit/imagine", {"prompt": "react fox"})
    )
    bodies = [
        {"action": "VARIATION", "index": 4, "taskId": grid["id"]},
        {"action": "REROLL", "taskId": grid["id"]},
    ]

    tasks = [
        contract_client.drawn(contract_client.told("submit/change", body))
        for body in bodies
    ]

    assert [t["action"] for t in tasks] == ["VARIATION", "REROLL"]


def test_nothing_was_drawn_twice_or_refused(opened: Product, sim: Simulator) -> None:
    assert not sim.violations(), sim.violations()


@pytest.mark.parametrize("draw", [draw_in_python, draw_in_typescript])
def test_a_client_made_of_the_schema_draws(
    product: Product, draw: Draw, tmp_path: Path
) -> None:
    need_generators()

    said = draw(product, tmp_path, f"drawn by {draw.__name__}")

    task = product.api("GET", f"/mj/task/{said['id']}/fetch")
    assert (said["status"], said["state"]) == ("SUCCESS", "generated")
    assert task["prompt"] == f"drawn by {draw.__name__}"
    assert said["submitTime"] == task["submitTime"] > 2**32
    assert (said["buttons"], said["mode"]) == (len(task["buttons"]), task["mode"])
    assert said["listed"] == [said["id"]]
    assert said["home"] is True
    assert said["bytes"] > 1000
