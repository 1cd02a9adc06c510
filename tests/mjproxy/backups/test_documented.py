"""Every command of the operator's manual about backups does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.mjproxy.backups.installation import Installation
from tests.mjproxy.run.test_start import ROOT

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]

OF_COMPOSE = {"exec", "run", "stop", "up", "cp"}


def documented() -> list[str]:
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.split("\n## Backup\n")[1].split("\n## ")[0]
    return re.findall(r"^    (\S.*)$", section, re.MULTILINE)


def services() -> dict[str, dict[str, object]]:
    text = (ROOT / "docker" / "compose.yaml").read_text()
    found: dict[str, dict[str, object]] = yaml.safe_load(text)["services"]
    return found


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery")
    return file


def run_all(
    installation: Installation, folder: Path, passphrase: Path, lines: list[str]
) -> None:
    """Run shell lines in a folder; what is between two of them is changed."""
    for line in lines:
        if "--secrets" in line:
            line = f"{line} --passphrase-file {passphrase}"
        if " restore " in line:
            installation.sql("UPDATE tasks_task SET prompt = 'changed'")
        done = subprocess.run(
            ["sh", "-ec", line],
            cwd=folder,
            env=installation.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_on_this_machine(
    installation: Installation, tmp_path: Path, passphrase: Path
) -> None:
    lines = [line for line in documented() if line.startswith("manage.py ")]
    assert len(lines) == 4
    before = installation.content()
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/manage.py"

    run_all(
        installation,
        tmp_path,
        passphrase,
        [line.replace("manage.py", program, 1) for line in lines],
    )

    assert installation.content() == before


def test_in_containers(
    installation: Installation, tmp_path: Path, passphrase: Path
) -> None:
    """Run what the containers would, with the volume's folder in its place."""
    lines = [line for line in documented() if line.startswith("docker compose ")]
    assert len(lines) == 10
    before = installation.content()

    run_all(
        installation,
        tmp_path,
        passphrase,
        [inner for line in lines if (inner := inside(line, installation))],
    )

    assert installation.content() == before


def inside(line: str, installation: Installation) -> str:
    """Return what a line does in a container; "" for what only compose does."""
    verb, rest = line.removeprefix("docker compose ").split(" ", 1)
    assert verb in OF_COMPOSE
    words = [word for word in rest.split(" ") if not word.startswith("--rm")]
    if verb == "cp":
        service, _, path = words[0].partition(":")
        assert service in services()
        return f"cp {installation.data / Path(path).name} {words[1]}"
    if verb in ("stop", "up"):
        assert set(words) - {"-d"} <= set(services())
        return ""
    while words[0].startswith("-"):
        assert words.pop(0) == "-T"
    assert words.pop(0) in services()
    command = " ".join(words).replace("/data/", f"{installation.data}/")
    python = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/manage.py"
    return command.replace("python manage.py", python)


def test_nothing_that_draws_runs_during_a_restore_in_containers() -> None:
    (stop, *_) = [line for line in documented() if line.startswith("docker compose st")]
    product = {
        name
        for name, service in services().items()
        if service.get("image") == "mjproxy"
    }

    assert set(stop.split()[3:]) == product - {"prepare"}
