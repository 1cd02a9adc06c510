"""Face swaps over the API: what is taken, what is refused, who may."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import AuditEntry, User
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.models import Price, Swap, SwapSettings, Task
from tasks.wire import image_url
from tests.conftest import ApiClient
from tests.factories import make_finished
from tests.pictures import bare, data_url, picture
from tests.tasks.swaps.conftest import FACE, TARGET

pytestmark = pytest.mark.django_db
PATH = "/mj/insight-face/swap"
VIDEO_PATH = "/mj/insight-face/video-swap"
LINK = "https://pictures.example/face.png"
BOTH = {"sourceBase64": FACE, "targetBase64": TARGET}
MP4 = (16).to_bytes(4, "big") + b"ftypisom" + bytes(4)


def moving(kind: str) -> str:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return data_url(out.getvalue())


def refused(api: ApiClient, body: Any, path: str = PATH) -> str:
    said = api.send(path, body).json()
    assert said["code"] == 4, said
    assert not Task.objects.exists()
    return str(said["description"])


def video(api: ApiClient, **form: Any) -> Any:
    return api.post(VIDEO_PATH, form).json()


# --- the switch and who may -----------------------------------------------------------


@pytest.mark.parametrize("missing", ["enabled", "token"])
def test_it_is_off_until_an_operator_switches_it_on(
    swapper: User, api: ApiClient, swaps_on: SwapSettings, missing: str
) -> None:
    setattr(swaps_on, missing, "" if missing == "token" else False)
    swaps_on.save()

    assert refused(api, BOTH) == "服务不支持"


def test_who_may_not_swap_is_refused(
    alice: User, api: ApiClient, swaps_on: SwapSettings
) -> None:
    assert "权限" in refused(api, BOTH)
    said = video(api, SourceBase64=FACE, TargetUrl=LINK)
    assert (said["code"], "视频换脸暂不对访客开放" in said["description"]) == (4, True)


def test_an_operator_may(operator_api: ApiClient, swaps_on: SwapSettings) -> None:
    assert operator_api.send(PATH, BOTH).json()["code"] == 1


# --- what is taken --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "links"),
    [
        (BOTH, (None, None)),
        ({"SOURCEBASE64": FACE, "targetbase64": bare(picture())}, (None, None)),
        ({"sourceUrl": LINK, "targetUrl": LINK + "?2"}, (LINK, LINK + "?2")),
        ({"sourceBase64": FACE, "sourceUrl": "x", "targetUrl": LINK}, (None, LINK)),
    ],
)
def test_a_swap_is_a_task(
    swapper: User, api: ApiClient, body: Any, links: tuple[str | None, str | None]
) -> None:
    said = api.send(f"{PATH}", body | {"state": "mine", "accountFilter": {}}).json()

    assert (said["code"], said["properties"]) == (1, {})
    seen = api.get(f"/mj/task/{said['result']}/fetch").json()
    assert (seen["action"], seen["botType"]) == ("SWAP_FACE", "INSIGHT_FACE")
    assert (seen["isReplicate"], seen["state"], seen["mode"]) == (True, "mine", None)
    assert (seen["replicateSource"], seen["replicateTarget"]) == links
    assert seen["properties"]["waitingFor"].startswith("等待换脸服务")
    assert api.send(PATH, body).json()["code"] == 22


def test_a_prefix_and_limits_of_drawings_with_midjourney_do_not_matter(
    swapper: User, api: ApiClient
) -> None:
    swapper.speeds, swapper.bots = ["RELAX"], ["NIJI_JOURNEY"]
    swapper.save()

    said = api.send(f"/mj-turbo{PATH}", BOTH).json()

    assert said["code"] == 1
    assert Task.objects.get().mode == ""


def test_a_swap_that_costs_more_than_there_is_is_refused(
    swapper: User, api: ApiClient
) -> None:
    Price.objects.create(action=TaskAction.SWAP_FACE, credits=5)

    assert "积分不足" in refused(api, BOTH)


def test_the_same_key_makes_one_swap(swapper: User, api: ApiClient) -> None:
    first, again = (
        api.send(PATH, BOTH, headers={"idempotency-key": "k"}).json() for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Swap.objects.count() == 1


def test_the_day_limit_counts_swaps(swapper: User, api: ApiClient) -> None:
    swapper.drawings_a_day = 1
    swapper.save()
    assert api.send(PATH, BOTH).json()["code"] == 1

    assert api.send(PATH, BOTH).json()["code"] == 4
    assert Task.objects.count() == 1


def test_a_waiting_swap_is_cancelled(swapper: User, api: ApiClient) -> None:
    pk = api.send(PATH, BOTH).json()["result"]

    api.send(f"/mj/task/{pk}/cancel")

    assert Task.objects.get().status == TaskStatus.FAILURE


def test_anothers_swap_is_unknown(
    swapper: User, api: ApiClient, bob_api: ApiClient
) -> None:
    pk = api.send(PATH, BOTH).json()["result"]

    assert bob_api.get(f"/mj/task/{pk}/fetch").status_code == 204
    bob_api.send(f"/mj/task/{pk}/cancel")
    assert Task.objects.get().status == TaskStatus.NOT_START


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "人脸图片不能为空"),
        ({"targetBase64": TARGET}, "人脸图片不能为空"),
        ({"sourceBase64": FACE}, "目标图片不能为空"),
        ({"sourceBase64": FACE, "targetBase64": FACE}, "不能相同"),
        ({"sourceUrl": LINK, "targetUrl": LINK}, "不能相同"),
        (BOTH | {"sourceBase64": "?" * 40}, "人脸图片格式错误"),
        (BOTH | {"sourceBase64": bare(b"<svg/>")}, "人脸图片格式错误"),
        (BOTH | {"targetBase64": bare(picture()[:60])}, "目标图片格式错误"),
        (BOTH | {"sourceBase64": moving("GIF")}, "不支持动图"),
        (BOTH | {"targetBase64": moving("WEBP")}, "不支持动图"),
        (BOTH | {"sourceBase64": moving("PNG")}, "不支持动图"),
        (BOTH | {"sourceBase64": bare(bytes(9000))}, "人脸图片大小超过最大限制"),
        ({"sourceUrl": "face.png", "targetUrl": LINK}, "人脸图片URL格式错误"),
        ({"sourceUrl": "file:///etc/passwd", "targetUrl": LINK}, "人脸图片URL格式错误"),
        ({"sourceUrl": LINK, "targetUrl": "http://"}, "目标图片URL格式错误"),
        ({"sourceUrl": LINK, "targetUrl": "https://x/" + "a" * 9999}, "目标图片URL"),
    ],
)
def test_wrong_pictures_are_refused(
    swapper: User,
    swaps_on: SwapSettings,
    api: ApiClient,
    body: dict[str, str],
    words: str,
) -> None:
    swaps_on.max_bytes = 8000
    swaps_on.save()

    assert words in refused(api, body)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/a", "http://169.254.169.254/x", "http://[::1]/", "http://10.1"],
)
def test_a_private_address_is_refused(
    swapper: User, api: ApiClient, settings: Any, url: str
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False

    assert "URL格式错误" in refused(api, {"sourceUrl": url, "targetUrl": LINK})


@pytest.mark.parametrize("name", ["sourceUrl", "targetUrl"])
def test_anothers_picture_cannot_be_used(
    swapper: User, api: ApiClient, bob: User, name: str
) -> None:
    other = make_finished(bob)
    body = {"sourceUrl": LINK, "targetUrl": LINK + "?2"} | {name: image_url(other)}
    before = Task.objects.count()

    said = api.send(PATH, body).json()

    assert (said["code"], "URL格式错误" in said["description"]) == (4, True), said
    assert Task.objects.count() == before


@pytest.mark.parametrize("role", ["sourceBase64", "targetBase64"])
def test_thirty_megabytes_are_refused(swapper: User, api: ApiClient, role: str) -> None:
    body = BOTH | {role: bare(picture() + bytes(22 << 20))}  # 30 million characters

    assert "大小超过最大限制" in refused(api, body)


# --- videos ---------------------------------------------------------------------------


def test_a_video_comes_as_a_file_or_a_link(swapper: User, api: ApiClient) -> None:
    file = SimpleUploadedFile("a.bin", MP4, "text/html")
    first = video(api, sourceBase64=FACE, targetFile=file, STATE="x", NotifyHook="")
    other = video(api, SourceUrl=LINK, TargetUrl=LINK)

    assert (first["code"], other["code"]) == (1, 22), (first, other)
    task = Task.objects.get(pk=first["result"])
    assert (task.action, task.client_state) == (TaskAction.SWAP_VIDEO_FACE, "x")
    assert task.bot_type == BotType.INSIGHT_FACE


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"TargetUrl": LINK}, "人脸图片不能为空"),
        ({"SourceBase64": FACE}, "目标视频不能为空"),
        ({"SourceBase64": FACE, "TargetUrl": "x"}, "目标文件URL格式错误"),
        ({"SourceBase64": FACE, "TargetUrl": "http://"}, "目标文件URL格式错误"),
        ({"SourceBase64": FACE, "body": picture()}, "必须是 mp4 格式"),
        ({"SourceBase64": FACE, "body": b""}, "目标文件大小超过最大限制"),
        ({"SourceBase64": FACE, "body": MP4 + bytes(9000)}, "目标文件大小超过"),
        ({"SourceBase64": "%%", "body": MP4}, "人脸图片格式错误"),
    ],
)
def test_wrong_videos_are_refused(
    swapper: User,
    swaps_on: SwapSettings,
    api: ApiClient,
    form: dict[str, Any],
    words: str,
) -> None:
    swaps_on.max_bytes = 8000
    swaps_on.save()
    if "body" in form:
        form = form | {"TargetFile": SimpleUploadedFile("a.mp4", form["body"])}
        del form["body"]

    said = video(api, **form)

    assert (said["code"], words in said["description"]) == (4, True), said
    assert not Task.objects.exists()


def test_a_video_of_more_bytes_than_allowed_is_refused(
    swapper: User, api: ApiClient
) -> None:
    file = SimpleUploadedFile("a.mp4", MP4 + bytes(10 << 20), "video/mp4")

    said = video(api, sourceBase64=FACE, targetFile=file)

    assert (said["code"], "目标文件大小超过" in said["description"]) == (4, True), said
    assert not Task.objects.exists()


def test_a_form_of_another_site_submits_nothing(swapper: User) -> None:
    """A browser sends such a form with the cookies of the person, unasked."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(swapper)
    form = {"sourceBase64": FACE, "targetFile": SimpleUploadedFile("a.mp4", MP4)}

    assert browser.post(VIDEO_PATH, form).status_code == 403
    assert not Task.objects.exists()


def test_a_body_that_is_no_form_is_refused(swapper: User, api: ApiClient) -> None:
    answer = api.send(VIDEO_PATH, b"{", content_type="multipart/form-data")

    assert answer.status_code in (200, 400)
    assert not Task.objects.exists()


# --- the settings ---------------------------------------------------------------------


def test_a_reason_is_needed_and_kept_in_the_audit_log(operator_api: ApiClient) -> None:
    path = "/mj/admin/setting"
    group = {"enableFaceSwap": True, "token": "r8_secret_of_the_test"}
    said = operator_api.send(path, {"replicate": group}).json()
    assert (said["success"], "reason" in said["message"]) == (False, True), said
    assert not SwapSettings.get_solo().enabled

    group["reason"] = "asked for by the film class"
    assert operator_api.send(path, {"replicate": group}).json()["success"]

    row = SwapSettings.get_solo()
    assert (row.enabled, row.token) == (True, "r8_secret_of_the_test")
    entry = AuditEntry.objects.latest("pk")
    said = str(entry.__dict__)
    assert "asked for by the film class" in said
    assert "r8_secret" not in said


def test_the_address_is_the_start_value_until_another_is_named(
    operator_api: ApiClient, settings: Any
) -> None:
    path, own = "/mj/admin/setting", "https://swaps.example/v1"
    settings.REPLICATE_URL = "https://start.example/v1"

    def shown() -> Any:
        return operator_api.get(path).json()["data"]["replicate"]

    assert shown()["url"] == "https://start.example/v1"
    operator_api.send(path, {"replicate": shown()})
    assert SwapSettings.get_solo().url == ""
    operator_api.send(path, {"replicate": {"url": own + "/"}})
    assert (shown()["url"], SwapSettings.get_solo().base) == (own, own)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"url": "ftp://x"}, {"url": "https://x/?a"}, {"faceSwapCoreSize": 0}),
        *({"faceSwapCoreSize": 121}, {"maxFileSize": 1}, {"maxFileSize": 1 << 30}),
        *({"videoFaceSwapTimeoutMinutes": 0}, {"token": "two words"}),
        *({"faceSwapVersion": "a\nb"}, {"webhookEventsFilter": ["never"]}),
        *({"webhook": "nowhere"}, {"faceSwapQueueSize": -1}),
    ],
)
def test_wrong_settings_are_refused(operator_api: ApiClient, wrong: Any) -> None:
    answer = operator_api.send("/mj/admin/setting", {"replicate": wrong}).json()

    assert not answer.get("success"), answer


def test_the_page_of_the_settings_shows_no_token(
    admin: Any, swaps_on: SwapSettings
) -> None:
    page = admin.get("/admin/tasks/swapsettings/").content.decode()

    assert "Face swap" in page
    assert swaps_on.token not in page
