"""`manage.py changepassword NAME`: Django's command, with an entry in the audit log."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts.models import User
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.audit.records import note


class Command(AuditedCommand, changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        said = super().handle(*args, **options)  # only a change comes back
        name = options["username"] or getpass.getuser()
        note("password changed", User.objects.get(username=name))
        return said
