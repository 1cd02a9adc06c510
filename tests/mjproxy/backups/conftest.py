"""A filled installation on the database that the run was given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.buckets import bucket as bucket
from tests.buckets import service as service
from tests.e2e import services
from tests.mjproxy.backups.installation import FILLED, Installation


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return a filled installation, to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "data"
    installation = Installation(folder, services.given_services())
    installation.python(FILLED)
    return Installation(folder, services.kept_as_filled())


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    data = tmp_path / "data"
    if not services.copies_databases():
        installation = Installation(data, services.given_services())
        installation.python(FILLED)
        return installation
    shutil.copytree(request.getfixturevalue("filled").data, data)
    return Installation(data, services.given_services(services.FILLED))


@pytest.fixture(scope="session")
def written(filled: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("written") / "backup.tar"
    filled.done("backup", str(path))
    return path


@pytest.fixture
def archive(
    installation: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    """Return a backup of the installation."""
    path = tmp_path / "backup.tar"
    if services.copies_databases():
        shutil.copy(request.getfixturevalue("written"), path)
    else:
        installation.done("backup", str(path))
    return path
