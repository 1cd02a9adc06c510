"""Start the simulator from the command line."""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from gateway.simulator.app import Simulator
from gateway.simulator.base.config import Config


def parse(arguments: list[str] | None = None) -> Config:
    """Return the configuration that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway.simulator",
        description="A simulator of Discord and of the Midjourney bot.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--seed", type=int, help="make ids and pictures repeatable")
    parser.add_argument(
        "--clock-ids", action="store_true", help="ids follow the clock despite --seed"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="divides all delays")
    parser.add_argument("--picture-size", type=int, default=1024)
    parser.add_argument("--state", type=Path, help="keep the world in this file")
    parser.add_argument("--bucket", type=Path, help="serve a bucket in this folder")
    parser.add_argument(
        "--real-hosts", action="store_true", help="write Discord's hosts into payloads"
    )
    parser.add_argument(
        "--knob", action="append", default=[], metavar="NAME=VALUE", type=_knob
    )
    values = vars(parser.parse_args(arguments))
    knobs: dict[str, Any] = dict(values.pop("knob"))
    return Config(**values, knobs=knobs)


def _knob(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError("NAME=VALUE, please")
    return name.replace("-", "_"), value


async def serve(config: Config) -> None:
    """Run the simulator until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    simulator = Simulator(config)
    await simulator.start()
    print(f"simulator ready on {simulator.url}", flush=True)
    await stopped.wait()
    await simulator.stop()


if __name__ == "__main__":
    asyncio.run(serve(parse()))
