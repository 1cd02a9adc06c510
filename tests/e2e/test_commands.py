"""Blend, describe, shorten, show, video, pictures, seeds: through real processes."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator, call, eventually
from tests.e2e.judge import assert_faithful, assert_own_picture
from tests.e2e.remix_mode import remix
from tests.pictures import bare, data_url, picture

RED, BLUE, GREEN = picture(colour="red"), picture(colour="blue"), picture(colour="lime")


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture(scope="module")
def grid(product: Product) -> dict[str, Any]:
    return product.wait_for(product.imagine("a quiet harbour"))


@pytest.fixture(scope="module")
def single(product: Product, grid: dict[str, Any]) -> dict[str, Any]:
    upscale = product.submit("change", taskId=grid["id"], action="UPSCALE", index=1)
    return product.wait_for(upscale)


@pytest.mark.parametrize("bot", ["MID_JOURNEY", "NIJI_JOURNEY"])
def test_pictures_go_before_the_prompt_in_their_order(
    product: Product, sim: Simulator, bot: str
) -> None:
    task = product.wait_for(
        product.imagine(
            f"two colours, {bot}", base64Array=[data_url(RED), bare(BLUE)], botType=bot
        )
    )

    assert task["status"] == "SUCCESS", task["failReason"]
    links = [w for w in task["promptEn"].split() if w.startswith("http")]
    assert [call("GET", link)[1] for link in links] == [RED, BLUE]
    assert task["promptEn"].endswith(f"two colours, {bot}")
    assert_own_picture(product, sim.job_of(task), task | {"prompt": "two colours"})


def test_two_blends_at_once_are_not_swapped(product: Product, sim: Simulator) -> None:
    pairs = [(RED, BLUE), (GREEN, RED), (BLUE, GREEN), (BLUE, RED)]

    ids = [
        product.submit("blend", base64Array=[data_url(a), bare(b)], dimensions=shape)
        for (a, b), shape in zip(
            pairs, ["PORTRAIT", "SQUARE", "LANDSCAPE", "square"], strict=True
        )
    ]
    tasks = product.wait_all(ids)

    for task, (first, second) in zip(tasks, pairs, strict=True):
        assert task["status"] == "SUCCESS", task["failReason"]
        job = sim.job_of(task)
        assert job["inputs"] == [sha(first), sha(second)]
        assert sha(product.picture(task)) == job["picture_sha256"]
    assert not sim.violations(), sim.violations()


def test_describes_answer_with_their_own_words(
    product: Product, sim: Simulator
) -> None:
    bodies = [{"base64": data_url(c)} for c in (RED, BLUE, GREEN)]
    ids = [product.submit("describe", **body) for body in bodies]

    tasks = product.wait_all(ids)

    told = {j["picture_sha256"]: j for j in sim.jobs() if j["kind"] == "describe"}
    for task, body in zip(tasks, (RED, BLUE, GREEN), strict=True):
        assert task["status"] == "SUCCESS", task["failReason"]
        assert task["properties"]["prompts"] == told[sha(body)]["texts"]
        assert task["prompt"] == task["properties"]["finalPrompt"]
        assert product.picture(task) == body
        assert len(task["buttons"]) == 6


def test_a_described_prompt_is_drawn_and_all_of_them_are(
    product: Product, sim: Simulator
) -> None:
    described = product.wait_for(product.submit("describe", base64=data_url(RED)))
    prompts = described["properties"]["prompts"]

    answer = product.press(described, "PicReader::2")
    one = product.wait_for(product.answer_window(answer))
    everything = product.press(described, "PicReader::all", state="mine")
    ids = everything["result"].split(",")
    tasks = product.wait_all(ids)

    assert answer["properties"]["finalPrompt"] == prompts[1]
    assert one["status"] == "SUCCESS", one["failReason"]
    assert len(ids) == 4
    assert [t["prompt"] for t in tasks] == prompts
    assert [t["state"] for t in tasks] == [f"mine::{n}" for n in (1, 2, 3, 4)]
    for task in [one, *tasks]:
        job = sim.job_of(task)
        assert sha(product.picture(task)) == job["picture_sha256"], task["failReason"]
    assert len({t["jobId"] for t in tasks}) == 4


def test_a_second_description_replaces_the_first(
    product: Product, sim: Simulator
) -> None:
    first = product.wait_for(product.submit("describe", base64=data_url(BLUE)))

    second = product.wait_for(product.press(first, "Picread::Retry")["result"])

    assert second["status"] == "SUCCESS", second["failReason"]
    assert second["prompt"] != first["prompt"]
    assert second["parentId"] == first["id"]
    again = product.answer_window(product.press(second, "PicReader::1"))
    drawn = product.wait_for(again)
    assert drawn["status"] == "SUCCESS", drawn["failReason"]


def test_a_prompt_is_shortened_and_drawn(product: Product, sim: Simulator) -> None:
    long = "a very very beautiful red fox standing in deep snow"
    short = product.wait_for(product.submit("shorten", prompt=long))

    answer = product.press(short, "PromptAnalyzer::3")
    drawn = product.wait_for(product.answer_window(answer))
    details = product.wait_for(product.press(short, "Extended")["result"])

    assert short["status"] == "SUCCESS", short["failReason"]
    assert "Shortened prompts" in short["properties"]["finalPrompt"]
    assert short["imageUrl"] is None
    assert answer["properties"]["finalPrompt"] == short["properties"]["prompts"][2]
    assert drawn["status"] == "SUCCESS", drawn["failReason"]
    assert details["status"] == "SUCCESS", details["failReason"]


def test_a_job_drawn_by_hand_is_shown_and_its_buttons_work(
    product: Product, sim: Simulator
) -> None:
    spec = product.accounts[0]
    body = {"account": spec.name, "prompt": "drawn by hand", "own": True}
    sim.ask("POST", "foreign", body)

    def by_hand() -> dict[str, Any] | None:
        rows = [j for j in sim.ask("GET", "jobs") if j["prompt"] == "drawn by hand"]
        return rows[0] if rows and rows[0]["state"] == "finished" else None

    job = eventually(by_hand, what="the drawing by hand is finished")

    filter_ = {"instanceId": spec.channel_id}
    shown = product.wait_for(
        product.submit("show", jobId=job["uuid"], accountFilter=filter_)
    )
    assert shown["status"] == "SUCCESS", shown["failReason"]
    child = product.wait_for(product.press(shown, "upsample::2")["result"])

    again = {"jobId": job["picture_url"], "accountFilter": filter_}
    assert product.api("POST", "/mj/submit/show", again)["result"] == shown["id"]
    assert (shown["action"], shown["jobId"]) == ("IMAGINE", job["uuid"])
    assert "drawn by hand" in shown["properties"]["finalPrompt"]
    assert child["status"] == "SUCCESS", child["failReason"]


def test_a_known_job_is_answered_at_once(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    before = len(sim.interactions())

    said = product.api("POST", "/mj/submit/show", {"jobId": grid["jobId"]})

    assert (said["code"], said["result"]) == (1, grid["id"])
    assert len(sim.interactions()) == before


def test_an_unknown_job_fails_with_a_reason(product: Product) -> None:
    body = {
        "jobId": "5c0ffee0-1234-4abc-8def-0123456789ab",
        "accountFilter": {"instanceId": product.accounts[0].channel_id},
    }

    task = product.wait_for(product.submit("show", **body))

    assert task["status"] == "FAILURE"
    assert task["failReason"]


def test_uploads_answer_with_links_to_the_same_bytes(product: Product) -> None:
    said = product.api(
        "POST",
        "/mj/submit/upload-discord-images",
        {"base64Array": [data_url(RED), data_url(GREEN)]},
    )

    assert said["code"] == 1, said
    assert [call("GET", link)[1] for link in said["result"]] == [RED, GREEN]


def test_a_seed_is_asked_for_once_and_kept(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    path = f"/mj/task/{grid['id']}/image-seed"

    said = product.api("GET", path)

    assert said["code"] == 1, said
    assert said["result"] == str(sim.job_of(grid)["seed"])
    before = len(sim.interactions())
    assert product.api("GET", path) == said
    assert product.task(grid["id"])["seed"] == said["result"]
    assert len(sim.interactions()) == before


def test_a_bookmark_is_pressed_and_makes_no_task(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    said = product.press(single, "BOOKMARK")

    assert (said["code"], said["result"]) == (1, single["id"])
    pressed = [i["custom_id"] for i in sim.interactions()]
    assert sum("BOOKMARK" in custom_id for custom_id in pressed) == 1


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"notice": "restricted", "form": "G"}, "did not answer the press (reason 2)"),
        ({"notice": "restricted", "form": "A"}, "Job action restricted"),
        ({"notice": "restricted", "form": "B"}, "Job action restricted"),
    ],
    ids=["unanswered", "refused", "refused later"],
)
def test_a_bookmark_that_midjourney_refuses_is_no_success(
    product: Product,
    sim: Simulator,
    single: dict[str, Any],
    rule: dict[str, str],
    reason: str,
) -> None:
    sim.rule({"custom_id": "BOOKMARK"}, rule, times=1)

    said = product.press(single, "BOOKMARK")

    assert (said["code"], said["result"]) == (4, None)
    assert reason in said["properties"]["descriptionEn"]


def test_a_video_is_made_chosen_and_extended(product: Product, sim: Simulator) -> None:
    video = product.wait_for(
        product.submit("video", prompt="it turns", image=data_url(RED), motion="high")
    )
    clip = product.wait_for(product.press(video, "video_virtual_upscale::2")["result"])
    longer = product.wait_for(
        product.submit("video", action="extend", index=1, taskId=clip["id"])
    )

    for task in (video, clip, longer):
        assert task["status"] == "SUCCESS", task["failReason"]
        assert sha(product.picture(task)) == sim.job_of(task)["picture_sha256"]
    assert "--video 1 --motion high" in video["promptEn"]
    assert clip["videoUrls"] == [{"url": clip["imageUrl"], "thumbnail": None}]
    assert clip["imageUrl"].endswith(".mp4")
    assert [v["url"].rsplit("/", 2)[1:] for v in video["videoUrls"]] == [
        [video["jobId"], f"{n}.mp4"] for n in range(4)
    ]


@pytest.mark.parametrize("remix_on", [False, True], ids=["remix off", "remix on"])
def test_two_of_four_clips_are_made_longer(
    product: Product, sim: Simulator, *, remix_on: bool
) -> None:
    remix(product, sim, on=remix_on)
    video = product.wait_for(
        product.submit("video", prompt="it turns", image=data_url(RED))
    )
    body = {"action": "extend", "taskId": video["id"], "motion": "high"}

    ids = [
        product.submit("video", **body, index=0),
        product.submit("video", **body, index=3, prompt="it sleeps now"),
    ]
    tasks = product.wait_all(ids)
    remix(product, sim, on=False)

    for task, index, words in zip(
        tasks, (1, 4), ("it turns", "it sleeps"), strict=True
    ):
        assert task["status"] == "SUCCESS", task["failReason"]
        job = sim.job_of(task)
        clip = next(j for j in sim.jobs() if j["uuid"] == job["parent_job"])
        assert (job["kind"], clip["kind"], clip["index"]) == ("extend", "clip", index)
        assert clip["parent_job"] == video["jobId"]
        assert sha(product.picture(task)) == job["picture_sha256"]
        spoken = words if remix_on else "it turns"
        assert spoken in task["properties"]["finalPrompt"]
    assert not sim.violations(), sim.violations()


def test_a_single_picture_is_animated(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    task = product.wait_for(product.press(single, "animate_low")["result"])

    assert task["status"] == "SUCCESS", task["failReason"]
    assert task["action"] == "VIDEO"


def test_variations_and_reroll_of_one_grid_in_one_second_are_not_swapped(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    sim.rule({"phase": "final"}, {"shuffle": 3}, times=3)
    wanted = ["variation::1", "variation::2", "reroll"]

    tasks = product.wait_all([product.press(grid, w)["result"] for w in wanted])

    assert_faithful(product, sim, tasks)
    jobs = [sim.job_of(task) for task in tasks]
    assert [job["kind"] for job in jobs] == ["variation", "variation", "reroll"]
    assert [job["index"] for job in jobs[:2]] == [1, 2]


def test_editing_is_refused_with_words(product: Product) -> None:
    body = {"prompt": "a scarf", "image": data_url(RED)}

    for name in ("edit", "edits", "retexture"):
        said = product.api("POST", f"/mj/submit/{name}", body)
        assert (said["code"], said["result"]) == (9, None)
        assert "Discord bot cannot" in said["properties"]["descriptionEn"]


def test_a_clip_that_bears_its_videos_uuid_is_told_apart(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(clip_uuid="parent")
    video = product.wait_for(
        product.submit("video", prompt="it jumps", image=data_url(BLUE))
    )

    answers = [product.press(video, f"video_virtual_upscale::{n}") for n in (1, 3)]
    clips = product.wait_all([answer["result"] for answer in answers])
    sim.knobs(clip_uuid="own")

    for clip in clips:
        assert clip["status"] == "SUCCESS", clip["failReason"]
    told = {job["message_id"]: job for job in sim.jobs()}
    assert [told[clip["messageId"]]["index"] for clip in clips] == [1, 3]
    assert product.task(video["id"])["jobId"] == video["jobId"]


def test_links_in_a_prompt_are_put_at_discord(product: Product, sim: Simulator) -> None:
    foreign = product.task(product.submit("describe", base64=data_url(GREEN)))
    shown = product.wait_for(foreign["id"])["imageUrl"]

    task = product.wait_for(product.imagine(f"<{shown}> like this one --iw 2"))

    assert task["status"] == "SUCCESS", task["failReason"]
    assert shown not in task["promptEn"]
    (link,) = [w for w in task["promptEn"].split() if "http" in w]
    assert call("GET", link.strip("<>"))[1] == GREEN
    assert task["promptEn"].endswith("like this one --iw 2")


def test_a_link_of_another_kind_is_refused(product: Product, sim: Simulator) -> None:
    before = len(sim.interactions())

    said = product.api("POST", "/mj/submit/describe", {"link": "ftp://x/y.png"})

    assert (said["code"], said["result"]) == (4, None)
    assert said["description"].startswith("链接")
    assert len(sim.interactions()) == before


def test_a_link_that_leads_nowhere_reaches_nobody(
    product: Product, sim: Simulator
) -> None:
    before = len(sim.interactions())

    task = product.wait_for(product.submit("describe", link=f"{sim.url}/none.png"))

    assert task["status"] == "FAILURE"
    assert task["failReason"].endswith("a link cannot be fetched: HTTP 404")
    assert len(sim.interactions()) == before
