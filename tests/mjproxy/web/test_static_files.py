"""Static files as browsers get them: names with a hash, compressed, kept for ever."""

from __future__ import annotations

import functools
import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.templatetags.static import static

from mjproxy.run import start
from mjproxy.web import static_files

HASHED = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mjproxy.web.static_files.HashedFiles"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("static")


@pytest.fixture(autouse=True)
def _hashed(settings: Any, folder: Path) -> None:
    settings.STATIC_ROOT = folder
    settings.STORAGES = HASHED


async def _application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


@functools.cache
def server(folder: Path) -> Any:
    return static_files.with_static_files(_application)


async def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await server(configured.STATIC_ROOT)(scope, None, send)
    got = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], got, body


def source(name: str) -> bytes:
    return (configured.BASE_DIR / "static" / name).read_bytes()


async def test_a_script_has_a_hash_in_its_name_and_is_kept_for_ever() -> None:
    static_files.collect()
    address = static("tasks/tell.js")
    assert re.fullmatch(r"/static/tasks/tell\.[0-9a-f]{12}\.js", address)

    status, headers, body = await get(address, **{"accept-encoding": "gzip, br"})

    assert status == 200
    assert "immutable" in headers["cache-control"]
    assert "max-age=315360000" in headers["cache-control"]
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"].startswith("text/javascript")
    assert len(body) < len(source("tasks/tell.js"))


async def test_who_reads_no_gzip_gets_the_plain_file() -> None:
    static_files.collect()

    _, headers, body = await get(static("accounts/page.css"))

    assert "content-encoding" not in headers
    assert body == source("accounts/page.css")


@pytest.mark.parametrize(
    "name",
    [
        "accounts/admin.css",
        "unfold/css/styles.css",
        "unfold/js/app.js",
        "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "admin/js/vendor/jquery/jquery.min.js",
    ],
)
async def test_what_can_be_made_smaller_is_compressed(name: str) -> None:
    static_files.collect()
    address = static(name)

    _, headers, small = await get(address, **{"accept-encoding": "gzip"})
    _, _, plain = await get(address)

    assert headers["content-encoding"] == "gzip"
    assert len(small) < len(plain) / 2
    assert gzip.decompress(small) == plain


async def test_a_font_is_kept_for_ever_and_named_by_its_hash_in_the_style() -> None:
    static_files.collect()
    _, _, style = await get(static("unfold/fonts/inter/styles.css"))
    name = re.search(rb"url\(\"?(Inter-Regular\.[0-9a-f]{12}\.woff2)", style)
    assert name, style[:500]

    status, headers, _ = await get(f"/static/unfold/fonts/inter/{name[1].decode()}")

    assert (status, headers["content-type"]) == (200, "font/woff2")
    assert "immutable" in headers["cache-control"]


async def test_scripts_import_each_other_by_the_names_with_a_hash() -> None:
    static_files.collect()

    for file in sorted((configured.BASE_DIR / "static/tasks").glob("*.js")):
        _, _, body = await get(static(f"tasks/{file.name}"))
        named = re.findall(rb'from "\./([^"]+)"', body)
        wanted = re.findall(rb'from "\./([^"]+)"', file.read_bytes())
        assert len(named) == len(wanted)
        for name in named:
            status, _, _ = await get(f"/static/tasks/{name.decode()}")
            assert status == 200, (file.name, name)


@pytest.mark.parametrize(
    "path",
    [
        "/static/tasks/tell.js",  # no name without a hash: it could not be kept
        "/static/../manage.py",
        "/static/..%2fmanage.py",
        "/static//etc/passwd",
        "/static/",
        "/",
    ],
)
async def test_everything_else_is_for_the_application(path: str) -> None:
    static_files.collect()

    assert (await get(path))[2] == b"the application"


async def test_a_file_that_was_seen_is_answered_without_its_bytes() -> None:
    static_files.collect()
    address = static("accounts/admin.js")
    _, headers, _ = await get(address)

    status, _, body = await get(address, **{"if-none-match": headers["etag"]})

    assert (status, body) == (304, b"")


def test_what_is_collected_already_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static_files.collect()
    monkeypatch.setattr(static_files, "call_command", pytest.fail)

    static_files.collect()


def test_a_changed_file_is_collected_although_it_is_older(
    settings: Any, tmp_path: Path
) -> None:
    """An image that was built before the last start brings files of an earlier day."""
    mine = tmp_path / "mine"
    (mine / "here").mkdir(parents=True)
    file = mine / "here/style.css"
    file.write_text("a { color: red }")
    settings.STATICFILES_DIRS = [mine]
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder"
    ]
    settings.STATIC_ROOT = tmp_path / "collected"
    static_files.collect()
    first = static("here/style.css")

    file.write_text("a { color: blue }")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    static_files.collect()

    second = static("here/style.css")
    assert first != second
    kept = {path.name for path in (settings.STATIC_ROOT / "here").iterdir()}
    # The page of a moment ago still asks for the first.
    assert {Path(first).name, Path(second).name} <= kept


def test_a_folder_that_cannot_be_written_stops_the_start_with_one_line(
    settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    settings.STATIC_ROOT = tmp_path / "file" / "static"

    with pytest.raises(start.Refused, match="cannot be written"):
        start.prepare_static_files()
