from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone
from PIL import Image

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.cleanup.removal import remove_files_of
from tasks.enums import Place, StorageKind, Thumbnails
from tasks.models import KeptFile, StorageSettings, Task
from tasks.pictures import store
from tasks.pictures.kept import files, places, settling
from tests.buckets import SECRET, names, use_bucket, work
from tests.factories import make_finished, make_user
from tests.http_server import always, never, serving
from tests.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)

PNG = picture((700, 350))


def drawn(body: bytes = PNG, kind: str = "image/png") -> Task:
    task = make_finished(make_user(), picture_source="https://cdn.discordapp.com/a")
    store.store(task, kind, body)
    return task


def local(root: Path) -> set[str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in found}


def all_names(task: Task) -> list[str]:
    name = task.picture_file
    return [name, *(files.thumbnail_name(name, size) for size in files.SIZES)]


def due_now() -> None:
    KeptFile.objects.update(next_at=None)


def test_thumbnails_are_made_once(tmp_path: Path) -> None:
    task = drawn()

    work()

    assert local(tmp_path) == {*all_names(task)}
    for size in (320, 640):
        path = tmp_path / files.thumbnail_name(task.picture_file, size)
        with Image.open(path) as image:
            assert (image.format, image.size) == ("WEBP", (size, size // 2))
    assert KeptFile.objects.get().is_settled
    assert files.due_files() == []


def test_a_transparent_picture_keeps_its_transparency(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (500, 500), (255, 0, 0, 0)).save(out, "PNG")
    task = drawn(out.getvalue())

    work()

    small = tmp_path / files.thumbnail_name(task.picture_file, 320)
    with Image.open(small) as image:
        assert image.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"no picture", "image/png"),
        (PNG[:200], "image/png"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
    ],
)
def test_what_is_no_picture_has_no_thumbnails(
    tmp_path: Path, body: bytes, kind: str
) -> None:
    task = drawn(body, kind)

    work()

    assert local(tmp_path) == {task.picture_file}
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.IMPOSSIBLE, True)


def test_a_kept_picture_goes_to_the_bucket(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = drawn()

    work()

    assert names(bucket) == {f"mj/{name}" for name in all_names(task)}
    stored = bucket.Object(f"mj/{task.picture_file}").get()
    assert stored["Body"].read() == PNG
    assert stored["ContentType"] == "image/png"
    assert local(tmp_path) == set()
    file = KeptFile.objects.get()
    assert (file.place, file.is_settled, file.error) == (Place.BUCKET, True, "")


def test_all_files_move_to_the_bucket_and_back(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    tasks = [drawn(PNG + bytes([n])) for n in range(3)]
    work()
    before = {name: (tmp_path / name).read_bytes() for name in local(tmp_path)}
    use_bucket(service)
    assert files.due_files() == []

    assert files.move_all(StorageKind.BUCKET) == 3
    assert files.counts()["moving"] == 3
    work()

    assert len(names(bucket)) == 9
    assert local(tmp_path) == set()
    assert files.counts()["moving"] == 0

    assert files.move_all(StorageKind.LOCAL) == 3
    work()

    assert names(bucket) == set()
    assert {name: (tmp_path / name).read_bytes() for name in local(tmp_path)} == before
    assert all(store.kept_path(task) for task in tasks)
    assert not files.is_bucket_used()


def test_a_stopped_move_leaves_the_rest_where_it_is(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    first, second = drawn(), drawn(PNG + b"2")
    work()
    use_bucket(service)
    files.move_all(StorageKind.BUCKET)
    event_loop.run(settling.settle(files.due_files()[0]))

    assert files.stop_moving() == 1
    work()

    places_now = sorted(KeptFile.objects.values_list("place", flat=True))
    assert places_now == [Place.BUCKET, Place.LOCAL]
    assert files.counts()["moving"] == 0
    assert files.due_files() == []
    assert bool(store.kept_path(first)) != bool(store.kept_path(second))


@pytest.mark.parametrize("place", [Place.LOCAL, Place.BOTH])
def test_a_move_goes_on_where_a_killed_worker_left_it(
    service: str, bucket: Any, tmp_path: Path, place: Place
) -> None:
    use_bucket(service)
    task = drawn()
    file = KeptFile.objects.get()
    body = places.local_path(task.picture_file)
    places.put(places.bucket(StorageSettings.get_solo()), task.picture_file, body)
    now = timezone.now()
    rows = KeptFile.objects.filter(pk=file.pk)
    rows.update(place=place, next_at=now + files.CLAIM, thumbnails=Thumbnails.NONE)
    work()
    assert local(tmp_path) == {task.picture_file}

    KeptFile.objects.update(next_at=now - timedelta(seconds=1))
    work()

    assert names(bucket) == {f"mj/{task.picture_file}"}
    assert local(tmp_path) == set()


def refuse(status: int, code: str) -> Any:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>key {SECRET}"
    return always(
        status,
        body=f"{body}</Message></Error>".encode(),
        content_type="application/xml",
    )


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (refuse(403, "AccessDenied"), "may not do that"),
        (refuse(403, "SignatureDoesNotMatch"), "secret key is wrong"),
        (refuse(403, "InvalidAccessKeyId"), "does not know the access key"),
        (refuse(403, "RequestTimeTooSkewed"), "clock of this server is off"),
        (refuse(400, "AuthorizationHeaderMalformed"), "another region"),
        (refuse(404, "NoSuchBucket"), "no such bucket"),
        (refuse(503, "SlowDown"), "fewer requests"),
        (always(200, body=b"<html>hello</html>", content_type="text/html"), ""),
        (always(403, body=b"<html>no</html>", content_type="text/html"), ""),
        (always(500), ""),
    ],
)
def test_a_service_that_refuses_or_lies_loses_nothing(
    service: str, bucket: Any, tmp_path: Path, handler: Any, told: str
) -> None:
    with serving(handler) as server:
        use_bucket(server.origin)
        task = drawn()

        work()

        file = KeptFile.objects.get()
        assert (file.place, file.tries, file.is_settled) == (Place.LOCAL, 1, False)
        assert told in file.error
        assert file.error
        assert SECRET not in file.error
        assert file.next_at
        assert file.next_at > timezone.now()
        assert store.kept_path(task)
        assert files.due_files() == []

    use_bucket(service)
    assert files.try_now() == 1
    work()

    assert f"mj/{task.picture_file}" in names(bucket)
    assert KeptFile.objects.get().error == ""


def test_a_service_that_hangs_ends_the_try(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "SILENCE", 0.2)
    with serving(never) as server:
        use_bucket(server.origin)
        task = drawn()

        work()

    assert "in time" in KeptFile.objects.get().error
    assert store.kept_path(task)


def test_a_service_that_is_away_ends_the_try(tmp_path: Path) -> None:
    use_bucket("http://127.0.0.1:1")
    task = drawn()

    work()

    assert KeptFile.objects.get().error == "The service cannot be reached."
    assert store.kept_path(task)


def test_other_bytes_in_the_bucket_do_not_come_back(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = drawn()
    work()
    bucket.Object(f"mj/{task.picture_file}").put(Body=b"other")

    files.move_all(StorageKind.LOCAL)
    work()

    file = KeptFile.objects.get()
    assert (file.place, file.error) == (Place.BUCKET, settling.OTHER_BYTES)
    assert local(tmp_path) == set()
    assert f"mj/{task.picture_file}" in names(bucket)


def test_what_is_lost_in_the_bucket_stays_noted(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = drawn()
    work()
    bucket.Object(f"mj/{task.picture_file}").delete()

    files.move_all(StorageKind.LOCAL)
    work()

    assert "not where it should be" in KeptFile.objects.get().error


# --- removal --------------------------------------------------------------------------


def test_a_removed_picture_leaves_the_bucket(service: str, bucket: Any) -> None:
    use_bucket(service)
    task, other = drawn(), drawn(PNG + b"2")
    work()

    remove_files_of(task.owner_id)
    work()

    assert names(bucket) == {f"mj/{name}" for name in all_names(other)}
    assert [file.name for file in KeptFile.objects.all()] == [other.picture_file]


def test_a_bucket_that_is_away_delays_the_removal(service: str, bucket: Any) -> None:
    use_bucket(service)
    task = drawn()
    work()
    use_bucket("http://127.0.0.1:1")

    remove_files_of(task.owner_id)
    work()

    file = KeptFile.objects.get()
    assert (file.is_removed, file.error) == (True, "The service cannot be reached.")

    use_bucket(service)
    due_now()
    work()

    assert names(bucket) == set()
    assert not KeptFile.objects.exists()


def test_a_picture_that_goes_while_it_moves_is_left_at_no_place(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = drawn()
    file = KeptFile.objects.get()

    async def removed_during_the_upload() -> None:
        gone = asyncio.Event()
        copy = settling._in_bucket

        async def slow(*args: Any) -> None:
            await copy(*args)
            settling._in_bucket = copy
            await in_thread(remove_files_of, task.owner_id)
            gone.set()

        settling._in_bucket = slow  # type: ignore[assignment]
        await settling.settle(file.pk)
        await gone.wait()

    event_loop.run(removed_during_the_upload())
    due_now()
    work()

    assert names(bucket) == set()
    assert local(tmp_path) == set()
    assert not KeptFile.objects.exists()


def test_a_request_under_way_counts_as_one(service: str, bucket: Any) -> None:
    """Two nudges for one file do its work once."""
    calls: list[str] = []

    async def count(request: web.Request) -> web.Response:
        calls.append(request.method)
        return web.Response(status=503)

    with serving(count) as server:
        use_bucket(server.origin)
        drawn()
        file = KeptFile.objects.get()

        async def twice() -> None:
            await asyncio.gather(*(settling.settle(file.pk) for _ in range(2)))

        event_loop.run(twice())

    assert calls == ["PUT"]
