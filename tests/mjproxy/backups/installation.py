"""An installation of its own, used by commands as an operator would use them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mjproxy.run.test_start import ROOT, clean_environment

NOT_ROWS = {"django_migrations", "sqlite_sequence"}
SETUP = "import django; django.setup()\n"
FILLED = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from accounts.models import DomainTag
from accounts.models.mails import OperatorMail
from accounts.people.users import ensure_operator
from django.utils import timezone
from tasks.models import WebhookDelivery
from tasks.services import fail
from tests.factories import make_account, make_finished, make_task, make_user

ensure_operator()
alice = make_user("alice 中文", webhook_secret="whsec_alice")
account = make_account(proxy_url="http://u:p@proxy.example:1", user_token="very-secret")
tag = DomainTag.objects.create(name="subject", keywords=["a", "é"])
account.vertical_domains.add(tag)
make_finished(alice, account=account)
make_task(alice, account=account, prompt="two \\u2028 lines 😀 é")
make_task(alice, account=account, status="SUBMITTED", nonce="1")
hooked = make_task(alice, notify_hook="https://hook.example/")
fail(make_task(alice, notify_hook="https://hook.example/").pk, "no luck")
WebhookDelivery.objects.create(
    owner=alice,
    task=hooked,
    revision=1,
    status="NOT_START",
    url=hooked.notify_hook,
    host="hook.example:443",
    body="{}",
)
OperatorMail.objects.create(
    account=account, trouble="paused", at=timezone.now(), next_attempt_at=timezone.now()
)
"""
CONTENT = """
import json
from django.apps import apps
from django.db import connection
found = {}
for model in apps.get_models(include_auto_created=True):
    meta = model._meta
    if meta.proxy or not meta.managed:
        continue
    quote = connection.ops.quote_name
    columns = ", ".join(sorted(quote(f.column) for f in meta.concrete_fields))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quote(meta.db_table)}")
        found[meta.label] = sorted(repr(row) for row in cursor.fetchall())
print(json.dumps(found))
"""
QUERY = """
import json
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute({statement!r})
    print(json.dumps(cursor.fetchall() if cursor.description else []))
"""


@dataclass
class Installation:
    """One installation: its data folder, its database, and how to command it."""

    data: Path
    services: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        given = {name: value for name, value in self.services.items() if value}
        return clean_environment(self.data, **given) | {
            "DJANGO_SETTINGS_MODULE": "mjproxy.settings",
            "PYTHONPATH": str(ROOT),
        }

    @property
    def database(self) -> Path:
        return self.data / "mjproxy.sqlite3"

    @property
    def is_sqlite(self) -> bool:
        return not self.services.get("DATABASE_URL")

    def manage(
        self, *words: str, stdin: bytes | None = None, **kwargs: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            **kwargs,
        )

    def done(self, *words: str, **kwargs: Any) -> str:
        """Run a command that must go well; return what it says."""
        ended = self.manage(*words, **kwargs)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    def refused(self, *words: str, **kwargs: Any) -> str:
        """Run a command that must be refused in one line; return the line."""
        ended = self.manage(*words, **kwargs)
        assert ended.returncode == 2, ended.stdout.decode() + ended.stderr.decode()
        (line,) = ended.stderr.decode().splitlines()
        return line

    def python(self, code: str) -> str:
        """Run Python inside the installation; return what it prints."""
        ended = subprocess.run(
            [sys.executable, "-c", SETUP + code],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def sql(self, statement: str) -> list[Any]:
        """Run a statement in the database; return the rows it finds."""
        if self.is_sqlite:
            with closing(sqlite3.connect(self.database)) as file, file:
                return file.execute(statement).fetchall()
        found: list[Any] = json.loads(self.python(QUERY.format(statement=statement)))
        return found

    def content(self) -> dict[str, list[str]]:
        """Return every row of every table but the entries that a restore adds."""
        if self.is_sqlite:
            found = _content(self.database)
        else:
            found = json.loads(self.python(CONTENT))
        name = "accounts_auditentry" if self.is_sqlite else "accounts.AuditEntry"
        found[name] = [row for row in found[name] if "'restore'" not in row]
        return found


def _content(path: Path) -> dict[str, list[str]]:
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with closing(sqlite3.connect(path)) as file:
        names = {name for (name,) in file.execute(tables)} - NOT_ROWS
        found = {}
        for name in names:
            columns = (row[1] for row in file.execute(f'PRAGMA table_info("{name}")'))
            listed = ", ".join(sorted(f'"{column}"' for column in columns))
            rows = file.execute(f'SELECT {listed} FROM "{name}"')  # noqa: S608
            found[name] = sorted(repr(row) for row in rows)
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
