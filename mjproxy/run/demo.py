"""`manage.py up --demo`: the product in front of a simulated Discord.

The first part runs before Django and its settings are loaded.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

ACCOUNTS: Final = 3
HOST: Final = "127.0.0.1"
KEY_NAME: Final = "demo"


def wanted(argv: list[str]) -> bool:
    return argv[1:2] == ["up"] and "--demo" in argv[2:]


def set_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Point every Discord address at the simulator that is about to start."""
    data_dir = environ.setdefault("MJPROXY_DATA_DIR", str(Path("data", "demo")))
    port = choose_port(Path(data_dir) / "simulator.port")
    http, ws = f"http://{HOST}:{port}", f"ws://{HOST}:{port}"
    environ.update(
        {
            "MJPROXY_DEMO": "1",
            "MJPROXY_ALLOW_PRIVATE_HOOKS": "1",
            "MJPROXY_SIMULATOR_PORT": str(port),
            "MJPROXY_REPLICATE_URL": f"{http}/v1",
            "NG_DISCORD_SERVER": http,
            "NG_DISCORD_WSS": f"{ws}/gateway",
            "NG_DISCORD_RESUME_WSS": f"{ws}/gateway-resume",
            "NG_DISCORD_CDN": http,
            "NG_DISCORD_UPLOAD_SERVER": http,
            "NG_DISCORD_ACTIVITY": http,
            "NG_DISCORD_EDITOR": http,
        }
    )


def choose_port(kept: Path) -> int:
    """Return the port of the last run, so that its links still work, or a free one."""
    try:
        last = int(kept.read_text())
        if 1024 <= last <= 65535 and _free(last):
            return last
    except (OSError, ValueError):
        pass
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def simulator_port() -> int:
    return int(os.environ["MJPROXY_SIMULATOR_PORT"])


def simulator_address() -> str:
    return f"http://{HOST}:{simulator_port()}"


def simulator_command(data_dir: Path, port: int) -> list[str]:
    """Return the command of the simulator, and keep `port` for this data folder."""
    (data_dir / "simulator.port").write_text(str(port))
    options = {
        "--host": HOST,
        "--port": str(port),
        "--accounts": str(ACCOUNTS),
        "--state": str(data_dir / "simulator.jsonl"),
        "--bucket": str(data_dir / "simulator.bucket"),
    }
    command = [sys.executable, "-m", "gateway.simulator"]
    return command + [word for pair in options.items() for word in pair]
