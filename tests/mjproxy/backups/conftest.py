"""A filled installation on the database that the run was given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.services import given_services
from tests.mjproxy.backups.installation import FILLED, Installation


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a filled installation on SQLite, to be copied."""
    installation = Installation(tmp_path_factory.mktemp("filled") / "data")
    installation.python(FILLED)
    return installation.data


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    installation = Installation(tmp_path / "data", given_services())
    if installation.is_sqlite:
        shutil.copytree(request.getfixturevalue("filled"), installation.data)
    else:
        installation.python(FILLED)
    return installation


@pytest.fixture(scope="session")
def written(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "backup.tar"
    Installation(filled).done("backup", str(path))
    return path


@pytest.fixture
def archive(
    installation: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    """Return a backup of the installation."""
    path = tmp_path / "backup.tar"
    if installation.is_sqlite:
        shutil.copy(request.getfixturevalue("written"), path)
    else:
        installation.done("backup", str(path))
    return path
