"""Base class of commands whose changes are logged under the command's name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mjproxy.lib.audit.actors import BY_COMMAND, Actor, acting


class AuditedCommand(BaseCommand):
    """A command that changes what operators otherwise change in the admin."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        name = type(self).__module__.rpartition(".")[2]
        with acting(lambda: Actor(name, BY_COMMAND)):
            return super().execute(*args, **options)
