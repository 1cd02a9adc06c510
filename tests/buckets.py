"""A bucket of a real S3 server, and the settings that name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mjproxy.lib.process import event_loop
from tasks.enums import StorageKind
from tasks.models import StorageSettings
from tasks.pictures.kept import files, places, settling
from tasks.snapshots import storage_settings

SECRET = "a-secret-that-nobody-may-see"
BUCKET = "pictures"


@contextmanager
def serving() -> Iterator[str]:
    """Serve buckets; yields the address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def made_bucket(service: str) -> Iterator[Any]:
    """Give an empty bucket at the service."""
    resource = boto3.resource(
        "s3",
        endpoint_url=service,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )
    made = resource.create_bucket(Bucket=BUCKET)
    yield made
    made.objects.all().delete()
    made.delete()
    resource.meta.client.close()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of an S3 server."""
    with serving() as address:
        yield address


@pytest.fixture
def bucket(service: str) -> Iterator[Any]:
    """An empty bucket at the service."""
    with made_bucket(service) as made:
        yield made


def forget_clients() -> None:
    places._bucket.cache_clear()
    places._client.cache_clear()


def use_bucket(endpoint: str, **values: Any) -> StorageSettings:
    """Let pictures be stored in the bucket from now on."""
    row = StorageSettings.get_solo()
    given = {
        "kind": StorageKind.BUCKET,
        "endpoint": endpoint,
        "region": "us-east-1",
        "bucket": BUCKET,
        "access_key": "key",
        "secret_key": SECRET,
        "prefix": "mj",
        **values,
    }
    for name, value in given.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    storage_settings.forget()
    return row


def names(bucket: Any) -> set[str]:
    return {found.key for found in bucket.objects.all()}


def work() -> None:
    """Do what is due on the files, as the job of beat does."""
    for file_id in files.due_files():
        event_loop.run(settling.settle(file_id))
