"""A filled installation on the database that the run was given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.services import given_services
from tests.mjproxy.backups.home import FILLED, Home


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a filled installation on SQLite, to be copied."""
    home = Home(tmp_path_factory.mktemp("filled") / "data")
    home.python(FILLED)
    return home.data


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    home = Home(tmp_path / "data", given_services())
    if home.is_sqlite:
        shutil.copytree(request.getfixturevalue("filled"), home.data)
    else:
        home.python(FILLED)
    return home


@pytest.fixture(scope="session")
def written(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "backup.tar"
    Home(filled).done("backup", str(path))
    return path


@pytest.fixture
def archive(home: Home, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a backup of the installation."""
    path = tmp_path / "backup.tar"
    if home.is_sqlite:
        shutil.copy(request.getfixturevalue("written"), path)
    else:
        home.done("backup", str(path))
    return path
