"""Services of docker/compose.yaml."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from mjproxy.lib.process.signs_of_life import PARTS
from mjproxy.run.plan import DRAIN

FILE = Path(__file__).resolve().parents[2] / "docker" / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
# It ends by itself; what waits for it looks at how it ended.
LASTING = {name: told for name, told in SERVICES.items() if name != "prepare"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_take_all_memory_or_fill_the_disk_with_its_log(
    name: str,
) -> None:
    told = SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", told["mem_limit"])
    options = told["logging"]["options"]
    assert re.fullmatch(r"\d+m", options["max-size"])
    assert int(options["max-file"]) > 1


@pytest.mark.parametrize("name", LASTING)
def test_each_service_is_asked_whether_it_works(name: str) -> None:
    told = LASTING[name]

    assert told["healthcheck"]["test"]
    assert told["restart"] == "unless-stopped"


@pytest.mark.parametrize("role", PARTS)
def test_a_role_without_an_address_answers_a_command(role: str) -> None:
    words = shlex.split(SERVICES[role]["healthcheck"]["test"])

    assert words == ["python", "-m", "mjproxy.health.alive", role]


def test_web_has_time_to_finish_what_it_is_answering() -> None:
    assert int(SERVICES["web"]["stop_grace_period"].removesuffix("s")) > DRAIN
    assert "/healthz" in SERVICES["web"]["healthcheck"]["test"]
