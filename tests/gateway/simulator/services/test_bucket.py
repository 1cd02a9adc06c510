"""The simulated bucket, through the client that the product uses and without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from yarl import URL

from gateway.simulator.services import bucket
from gateway.simulator.services.bucket import BASE, KEY_ID, NAME, REGION, SECRET
from tests.gateway.simulator.client import running

AUTH = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY_ID}/x"}
NAMES = ["a/b.png", "a", "ü %2F+& .webp", "..", "../../etc/passwd", "a/../b", ".x"]


def client(url: str, key: str = KEY_ID) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url + BASE,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )


async def with_client(folder: Path, work: Callable[[Any], Any], **given: Any) -> Any:
    """Return what `work` makes of a client of the bucket."""
    async with running(bucket=folder) as simulator:
        return await asyncio.to_thread(lambda: work(client(simulator.url, **given)))


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_an_object_is_written_read_in_parts_and_removed(tmp_path: Path) -> None:
    def work(s3: Any) -> None:
        s3.put_object(Bucket=NAME, Key="mj/a.webp", Body=b"0123456789")
        whole = s3.get_object(Bucket=NAME, Key="mj/a.webp")
        part = s3.get_object(Bucket=NAME, Key="mj/a.webp", Range="bytes=2-4")
        head = s3.head_object(Bucket=NAME, Key="mj/a.webp")
        assert whole["Body"].read() == b"0123456789"
        assert part["Body"].read() == b"234"
        assert (head["ContentLength"], head["ContentType"]) == (10, "image/webp")
        s3.delete_object(Bucket=NAME, Key="mj/a.webp")
        s3.delete_object(Bucket=NAME, Key="mj/a.webp")
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=NAME, Key="mj/a.webp")
        with pytest.raises(ClientError, match="404"):
            s3.head_object(Bucket=NAME, Key="mj/a.webp")

    await with_client(tmp_path / "bucket", work)

    assert files_in(tmp_path) == []


async def test_a_large_object_comes_in_parts(tmp_path: Path) -> None:
    body = bytes(range(256)) * (9 << 12)  # 9 MiB: more than the client sends at once

    def work(s3: Any) -> bytes:
        s3.upload_fileobj(BytesIO(body), NAME, "large.mp4")
        out = BytesIO()
        s3.download_fileobj(NAME, "large.mp4", out)
        return out.getvalue()

    assert await with_client(tmp_path, work) == body


@pytest.mark.parametrize("paginator", ["list_objects", "list_objects_v2"])
async def test_all_keys_are_listed_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paginator: str
) -> None:
    monkeypatch.setattr(bucket, "PAGE", 2)
    keys = sorted([*(f"mj/{n}" for n in range(5)), "mj/ü %2B+&<.png"])

    def work(s3: Any) -> list[str]:
        for key in [*keys, "other"]:
            s3.put_object(Bucket=NAME, Key=key, Body=b"x")
        pages = s3.get_paginator(paginator).paginate(Bucket=NAME, Prefix="mj/")
        return [row["Key"] for page in pages for row in page.get("Contents", [])]

    assert await with_client(tmp_path, work) == keys


async def test_a_signed_link_needs_no_header(tmp_path: Path) -> None:
    async with running(bucket=tmp_path) as simulator, aiohttp.ClientSession() as http:
        s3 = client(simulator.url)
        where = {"Bucket": NAME, "Key": "a.png"}
        await asyncio.to_thread(lambda: s3.put_object(**where, Body=b"x"))
        link = s3.generate_presigned_url("get_object", Params=where)

        async with http.get(URL(link, encoded=True)) as said:
            assert (said.status, await said.read()) == (200, b"x")
        async with http.get(link.partition("?")[0]) as said:
            assert said.status == 403


@pytest.mark.parametrize(
    ("key", "name", "code"),
    [(KEY_ID, "another", "NoSuchBucket"), ("another", NAME, "InvalidAccessKeyId")],
)
async def test_another_bucket_or_key_is_refused(
    tmp_path: Path, key: str, name: str, code: str
) -> None:
    def work(s3: Any) -> None:
        with pytest.raises(ClientError, match=code):
            s3.put_object(Bucket=name, Key="a", Body=b"x")

    await with_client(tmp_path, work, key=key)

    assert files_in(tmp_path) == []


async def test_without_a_folder_there_is_no_bucket() -> None:
    async with (
        running() as simulator,
        aiohttp.ClientSession() as http,
        http.get(f"{simulator.url}{BASE}/{NAME}", headers=AUTH) as said,
    ):
        assert (said.status, "NoSuchBucket" in await said.text()) == (404, True)


@pytest.mark.parametrize("key", NAMES)
async def test_any_key_is_one_file_of_the_folder(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "x" / "bucket"

    def work(s3: Any) -> Any:
        s3.put_object(Bucket=NAME, Key=key, Body=b"mine")
        rows = s3.list_objects_v2(Bucket=NAME)["Contents"]
        return [row["Key"] for row in rows], s3.get_object(Bucket=NAME, Key=key)

    keys, got = await with_client(folder, work)

    assert keys == [key]
    assert got["ContentLength"] == 4
    assert [path.parent for path in files_in(tmp_path)] == [folder]


@pytest.mark.parametrize(
    "path",
    [
        "/../a",
        "/%2e%2e/a",
        "/..%2fa",
        "/%2e%2e%2f%2e%2e%2fa",
        "/a%00b",
        "/" + "a" * 999,
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
async def test_raw_paths_lead_nowhere_else(
    tmp_path: Path, method: str, path: str
) -> None:
    secret = tmp_path / "a"
    secret.write_bytes(b"secret")
    async with running(bucket=tmp_path / "bucket") as simulator:
        address = URL(f"{simulator.url}{BASE}/{NAME}{path}", encoded=True)
        async with aiohttp.ClientSession() as http:
            sent = http.request(method, address, data=b"theirs", headers=AUTH)
            async with sent as said:
                assert said.status < 500
                assert b"secret" not in await said.read()

    assert secret.read_bytes() == b"secret"


@pytest.mark.parametrize(
    ("method", "query"),
    [
        *(("PUT", "partNumber=1&uploadId=none"), ("PUT", "partNumber=x&uploadId=none")),
        *(("POST", "uploadId=none"), ("POST", ""), ("GET", "max-keys=-1")),
    ],
)
async def test_odd_requests_are_refused(
    tmp_path: Path, method: str, query: str
) -> None:
    async with running(bucket=tmp_path) as simulator, aiohttp.ClientSession() as http:
        address = f"{simulator.url}{BASE}/{NAME}/a?{query}"
        async with http.request(method, address, headers=AUTH) as said:
            assert said.status in (400, 404)
