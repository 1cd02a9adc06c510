"""State file: an append-only log of JSON lines, compacted at every start."""

import time
from io import BufferedWriter
from pathlib import Path

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json
from gateway.simulator.state.accounts import AccountSpec
from gateway.simulator.state.channels import Message
from gateway.simulator.state.jobs import ENDED, Job, restore
from gateway.simulator.state.world import World


class Store:
    """Keeps public messages, jobs and added accounts over a restart.

    Without a path it does nothing. Ephemeral messages are not kept: they end with their
    gateway session. `run` counts the starts over this file.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.run = 0
        self.last_id = "0"
        self._file: BufferedWriter | None = None

    def open(self, world: World) -> list[Job]:
        """Fill `world` from the file and start to log.

        Returns the unfinished jobs.
        """
        if self.path is None:
            return []
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        self._replay(lines, world)
        self._compact(world, self.path)
        return [job for job in world.jobs.values() if job.state not in ENDED]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def job(self, job: Job) -> None:
        self._write("job", job.as_dict())

    def message(self, message: Message) -> None:
        if not message.ephemeral:
            self._write("message", _message_facts(message))

    def gone(self, message_id: str) -> None:
        self._write("gone", {"id": message_id})

    def account(self, spec: AccountSpec) -> None:
        self._write("account", vars(spec))

    def channel(self, channel_id: str, guild_id: str) -> None:
        self._write("channel", {"channel_id": channel_id, "guild_id": guild_id})

    def _write(self, kind: str, facts: Json) -> None:
        if self._file is not None:
            self._file.write(wire.dump({"kind": kind, "facts": facts}) + b"\n")
            self._file.flush()

    def _replay(self, lines: list[bytes], world: World) -> None:
        for line in lines:
            try:
                entry = wire.load(line)
            except ValueError:
                continue  # the process was killed while it wrote this line
            self._apply(entry["kind"], entry["facts"], world)

    def _apply(self, kind: str, facts: Json, world: World) -> None:
        if kind == "run":
            self.run, self.last_id = facts["number"], facts["last_id"]
        elif kind == "account":
            world.add_account(AccountSpec(**facts))
        elif kind == "channel":
            world.add_channel(**facts)
        elif kind == "job":
            world.jobs[facts["uuid"]] = restore(facts)
        elif kind == "gone":
            world.remove_message(facts["id"])
        elif kind == "message":
            self.last_id = max(self.last_id, facts["id"], key=int)
            if facts["channel_id"] in world.channels:
                world.add_message(Message(**facts), keep=1_000_000)
        attachment = facts.get("attachment_id") or "0"
        self.last_id = max(self.last_id, facts.get("id") or "0", attachment, key=int)

    def _compact(self, world: World, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        self.run += 1
        self._file = fresh.open("wb")
        # `at` is for people who read the file.
        self._write(
            "run", {"number": self.run, "last_id": self.last_id, "at": time.time()}
        )
        for account in world.accounts.values():
            self.account(account.spec)
        own = {account.spec.channel_id for account in world.accounts.values()}
        for channel in world.channels.values():
            if channel.guild_id is not None and channel.id not in own:
                self.channel(channel.id, channel.guild_id)
        for job in world.jobs.values():
            self.job(job)
        for message in world.messages.values():
            self.message(message)
        fresh.replace(path)


def _message_facts(message: Message) -> Json:
    return {
        "id": message.id,
        "channel_id": message.channel_id,
        "data": message.data,
        "owner_id": message.owner_id,
        "command": message.command,
    }
