"""Start options of the simulator."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Config:
    """Start options; `knobs` holds changes to the defaults of `Knobs`."""

    host: str = "127.0.0.1"
    port: int = 0
    accounts: int = 3
    seed: int | None = None
    clock_ids: bool = False
    speed: float = 1.0
    picture_size: int = 1024  # long edge of a grid; single pictures are half of it
    state: Path | None = None
    bucket: Path | None = None  # folder of the objects of the simulated bucket
    real_hosts: bool = False
    knobs: dict[str, Any] = field(default_factory=dict)
