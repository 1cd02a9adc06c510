from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from mjproxy.lib.process import event_loop
from mjproxy.lib.web.outside_hosts import DeferredResponse
from tasks.enums import BucketLinks
from tasks.models import KeptFile, Task
from tasks.pictures import store
from tasks.pictures.kept import files, places
from tasks.pictures.kept.links import origins
from tasks.wire import image_url, thumbnail_url
from tests.buckets import BUCKET, names, use_bucket, work
from tests.factories import make_finished, make_user
from tests.http_server import Server, always, never, serving
from tests.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)

PNG = picture((700, 350))


@pytest.fixture(autouse=True)
def cdn(settings: Settings) -> Any:
    with serving(always(404)) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


def drawn(body: bytes = PNG) -> Task:
    source = "https://cdn.discordapp.com/attachments/1/2/a.png"
    task = make_finished(make_user(), picture_source=source)
    store.store(task, "image/png", body)
    return task


def get(url: str | None, **headers: str) -> Any:
    assert url
    response: Any = Client().get(urlsplit(url).path, headers=headers)
    if isinstance(response, DeferredResponse):
        event_loop.run(response.begin())
    return response


def body(response: Any) -> bytes:
    async def joined() -> bytes:
        return b"".join([piece async for piece in response])

    if not response.streaming:
        return bytes(response.content)
    return event_loop.run(joined()) if response.is_async else b"".join(response)


def fetched(link: str) -> bytes:
    with urllib.request.urlopen(link) as response:  # noqa: S310
        return bytes(response.read())


def is_webp(found: bytes) -> bool:
    return found[:4] == b"RIFF" and found[8:12] == b"WEBP"


# --- from the data folder -------------------------------------------------------------


def test_the_thumbnail_is_the_picture_until_it_is_made() -> None:
    task = drawn()

    before = get(thumbnail_url(task))
    work()
    after = get(thumbnail_url(task))

    assert body(before) == PNG
    assert before["Cache-Control"] == "public, max-age=5"
    assert is_webp(body(after))
    assert after["Content-Type"] == "image/webp"
    assert "immutable" in after["Cache-Control"]
    assert before["ETag"] != after["ETag"]


@pytest.mark.parametrize(
    "end", ["-w321", "-w", "-w64", "-w6400", "-w320-w640", "-W320"]
)
def test_other_sizes_are_unknown(end: str) -> None:
    task = drawn()

    name = f"{task.picture_key}{end}.webp"
    assert get(f"/images/{task.pk}/{name}").status_code == 404


def test_the_key_of_another_task_opens_no_thumbnail() -> None:
    task, other = drawn(), drawn(PNG + b"2")
    work()

    name = f"{other.picture_key}-w320.webp"
    assert get(f"/images/{task.pk}/{name}").status_code == 404


# --- from the bucket ------------------------------------------------------------------


@pytest.fixture
def stored(service: str, bucket: Any) -> Task:
    use_bucket(service)
    task = drawn()
    work()
    assert KeptFile.objects.get().place == "bucket"
    return task


def test_it_goes_through_this_server_and_is_fetched_once(
    stored: Task, bucket: Any
) -> None:
    first = body(get(image_url(stored)))
    bucket.objects.all().delete()
    second = get(image_url(stored))

    assert first == body(second) == PNG
    assert second["Content-Type"] == "image/png"
    assert "immutable" in second["Cache-Control"]


def test_parts_of_it_are_served_as_from_a_file(stored: Task) -> None:
    response = get(image_url(stored), range="bytes=10-19")

    assert response.status_code == 206
    assert body(response) == PNG[10:20]


def test_its_thumbnail_goes_through_this_server_too(stored: Task) -> None:
    assert is_webp(body(get(thumbnail_url(stored))))


def test_a_private_bucket_is_seen_by_signed_links(stored: Task, service: str) -> None:
    use_bucket(service, links=BucketLinks.SIGNED, link_minutes=7)

    for link in (image_url(stored), thumbnail_url(stored)):
        response = get(link)
        assert response.status_code == 302
        assert response["Cache-Control"] == "private, max-age=210"
        assert response["Access-Control-Allow-Origin"] == "*"
        query = parse_qs(urlsplit(response["Location"]).query)
        assert query["X-Amz-Expires"] == ["420"]
        assert "a-secret" not in response["Location"]
    whole, small = get(image_url(stored)), get(thumbnail_url(stored))
    assert fetched(whole["Location"]) == PNG
    assert is_webp(fetched(small["Location"]))


def test_public_links_lead_to_the_bucket(stored: Task, service: str) -> None:
    use_bucket(service, links=BucketLinks.PUBLIC)

    location = get(image_url(stored))["Location"]

    assert location == f"{service}/{BUCKET}/mj/{stored.picture_file}"


def test_public_links_lead_to_the_cdn_with_a_style(stored: Task, service: str) -> None:
    use_bucket(
        service,
        links=BucketLinks.PUBLIC,
        public_base="https://cdn.example.com/",
        full_style="?x-oss-process=style/full",
        thumbnail_style="?x-oss-process=style/small",
    )
    base = f"https://cdn.example.com/mj/{stored.picture_file}?x-oss-process=style/"

    assert get(image_url(stored))["Location"] == f"{base}full"
    assert get(thumbnail_url(stored))["Location"] == f"{base}small"


def test_without_a_style_the_cdn_has_our_thumbnail(stored: Task, service: str) -> None:
    base = "https://cdn.example.com"
    use_bucket(service, links=BucketLinks.PUBLIC, public_base=base)

    name = files.thumbnail_name(stored.picture_file, 640)
    assert get(thumbnail_url(stored))["Location"] == f"{base}/mj/{name}"


@pytest.mark.parametrize("links", BucketLinks)
def test_a_wrong_key_gets_no_link(stored: Task, service: str, links: str) -> None:
    use_bucket(service, links=links)
    other = drawn(PNG + b"2")

    for key in ("0" * 24, other.picture_key):
        assert get(f"/images/{stored.pk}/{key}.png").status_code == 404


def test_pages_may_show_pictures_of_the_bucket_only_if_links_lead_there(
    stored: Task, service: str
) -> None:
    assert origins() == ""
    use_bucket(service, links=BucketLinks.SIGNED)
    assert origins() == service
    base = "https://cdn.example.com/a"
    use_bucket(service, links=BucketLinks.PUBLIC, public_base=base)
    assert origins() == "https://cdn.example.com"

    policy = Client().get("/sign-in", follow=True)["Content-Security-Policy"]

    assert "img-src 'self' https://cdn.example.com data:;" in policy


def test_a_storage_that_is_away_is_told(stored: Task) -> None:
    use_bucket("http://127.0.0.1:1")

    response = get(image_url(stored))

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert response["Cache-Control"] == "no-store"


def test_a_storage_that_hangs_is_told(
    stored: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SILENCE", 0.2)
    with serving(never) as server:
        use_bucket(server.origin)

        assert get(image_url(stored)).status_code == 503


def test_other_bytes_are_never_served(stored: Task, bucket: Any) -> None:
    for name in names(bucket):
        bucket.Object(name).put(Body=b"<script>alert(1)</script>")

    for link in (image_url(stored), thumbnail_url(stored)):
        response = get(link)
        assert response.status_code == 503
        assert b"<script>" not in body(response)


def test_what_the_bucket_has_lost_is_fetched_from_discord(
    stored: Task, bucket: Any, cdn: Server
) -> None:
    bucket.objects.all().delete()
    cdn.handler = always(body=PNG, content_type="image/png")

    assert body(get(image_url(stored))) == PNG
    work()

    assert f"mj/{stored.picture_file}" in names(bucket)
